"""plan-flip: what Postgres believes of one account decides how it joins, and only that is mended."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from checkout.history import _HISTORY
from labctl.scenario.model import Decoy, Fix
from labctl.scenario.steps import Act
from load.keys import DEALER, Keys
from load.profiles import KINDS, InvalidProfile, parse

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills


def sql_of(steps: Any) -> list[str]:
    """The statements of a scenario's steps, in order."""
    found: list[str] = []
    for step in steps:
        if isinstance(step, Act) and step.action.name == "sql":
            do = step.action.step()["sql"]["do"]
            found += [do] if isinstance(do, str) else do
    return found


def run(shop: Shop, statements: list[str]) -> None:
    with shop.postgres.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def plan(connection: psycopg.Connection, account: int) -> str:
    """How an account's history is read, with the rows that there were."""
    shown = b"explain (analyze, timing off, summary off) " + _HISTORY.encode()
    return "\n".join(row[0] for row in connection.execute(shown, (account, 20)).fetchall())


def compared(shop: Shop, account: int = DEALER) -> int:
    """How many pairs of rows were put together in vain; a new session sees every setting."""
    with shop.postgres.connect() as connection:
        lines = plan(connection, account).splitlines()
    return sum(int(line.split(":")[1]) for line in lines if "Rows Removed by Join Filter" in line)


@pytest.fixture
def loaded(shop: Shop) -> Iterator[Shop]:
    """The shop in the midst of the incident; a new database afterwards."""
    scenario = library("plan-flip")
    run(shop, sql_of(scenario.noise))
    run(shop, sql_of(scenario.faults))
    yield shop
    shop.forget()
    history = f"/customers/{DEALER}/history"
    eventually(lambda: shop.get("checkout", history).status_code == 200, what="the shop is well")


def named(name: str, among: tuple[Fix, ...] | tuple[Decoy, ...]) -> list[str]:
    (found,) = (each for each in among if each.name == name)
    return sql_of(found.do)


@pytest.mark.integration
def test_the_large_account_is_joined_row_by_row_and_others_are_not_hurt(loaded: Shop) -> None:
    """A nested loop that expects a handful: more than a hundred million pairs, where others have dozens."""
    with loaded.postgres.connect() as connection:
        assert "Nested Loop Left Join" in plan(connection, DEALER)
    assert compared(loaded) > 100_000_000
    assert compared(loaded, DEALER + 2) < 1000


@pytest.mark.integration
def test_before_the_import_it_is_as_quick_as_any(shop: Shop) -> None:
    """Or the import would not be what hurts."""
    assert compared(shop) < 1000


@pytest.mark.integration
@pytest.mark.parametrize("fix", library("plan-flip").fixes, ids=lambda fix: fix.name)
def test_each_fix_changes_the_plan(loaded: Shop, fix: Fix) -> None:
    """The pairs are gone, for whoever connects afterwards."""
    run(loaded, sql_of(fix.do))
    assert compared(loaded) < 100_000


@pytest.mark.integration
def test_analyze_alone_helps_those_who_are_connected(loaded: Shop) -> None:
    """A session that had the bad plan gets the good one: checkout needs no restart."""
    with loaded.postgres.connect() as connection:
        assert "Nested Loop Left Join" in plan(connection, DEALER)
        run(loaded, named("let Postgres look at the tables again", library("plan-flip").fixes))
        assert "Rows Removed by Join Filter" not in plan(connection, DEALER)


@pytest.mark.integration
def test_the_index_is_not_what_is_missing(loaded: Shop) -> None:
    """With it and the old belief, the pairs are as many."""
    run(loaded, named("add an index on account and product", library("plan-flip").decoys))
    assert compared(loaded) > 100_000_000


def test_the_dealer_asks_for_a_third_of_the_histories() -> None:
    """In this profile, and in no other; the others are any customers'."""
    shares = {name: parse({"profile": name}).profile.dealer_share for name in KINDS}
    assert {name for name, share in shares.items() if share} == {"wholesale"}
    source, keys = random.Random(1), Keys()  # noqa: S311
    asked = [keys.account(source, shares["wholesale"]) for _ in range(10_000)]
    assert 0.33 < asked.count(DEALER) / len(asked) < 0.38
    assert len(set(asked)) > 500
    with pytest.raises(InvalidProfile, match="share must be at most 1"):
        parse({"profile": "wholesale", "share": 2})
