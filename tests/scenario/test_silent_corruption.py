"""silent-corruption: a job counts some items twice, and what support has granted looks wrong and is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from tests.scenario.samples import library, parameters, texts
from tests.services.parts import Shop

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

ACCOUNTS, ORDERS_WRONG, GRANTED_SHARE = 2000, 240, 0.15


def invariant(part: str) -> str:
    """The query of the one whose words have this in them."""
    (found,) = (each.sql for each in library("silent-corruption").invariants if part in each.say)
    return found


def statements(steps: Sequence[Any]) -> list[str]:
    """What some steps run in the shop's database; the job itself is not theirs to run here."""
    listed = texts(parameters(steps, "sql"))
    return [each for each in listed if "cron.job" not in each]  # which is the lab's, and not here


def job() -> dict[str, Any]:
    """The job as it was set up."""
    acts = [act.action.step() for act in library("silent-corruption").noise]
    (found,) = (act["job"] for act in acts if "job" in act)
    return dict(found)


def attempt(part: str) -> Sequence[Any]:
    """The steps of the one fix or decoy whose name has this in it."""
    scenario = library("silent-corruption")
    named = {each.name: each.do for each in scenario.fixes} | {each.name: each.do for each in scenario.decoys}
    (found,) = (do for name, do in named.items() if part in name)
    return found


@contextmanager
def as_before(shop: Shop) -> Iterator[psycopg.Connection[Any]]:
    """For the block, a database after the noise."""
    shop.postgres.recreate()
    try:
        with shop.postgres.connect() as connection:
            for statement in statements(library("silent-corruption").noise):
                connection.execute(statement.encode())
            yield connection
    finally:
        shop.forget()


def one(connection: psycopg.Connection[Any], sql: str) -> int:
    row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return int(row[0])


def run_job(connection: psycopg.Connection[Any], times: int) -> None:
    """As the role that it has."""
    connection.execute("set role shop")
    for _ in range(times):
        connection.execute(str(job()["do"]).encode())
    connection.execute("reset role")


@pytest.mark.integration
def test_the_job_makes_one_order_in_fifty_dearer(shop: Shop) -> None:
    """Some sixty before it begins, one more each second, 240 in the end; what was granted stays granted."""
    scenario = library("silent-corruption")
    with as_before(shop) as connection:
        orders = one(connection, "select count(*) from orders")
        assert one(connection, invariant("sum of its items")) > 30
        assert one(connection, invariant("is granted")) == 0
        before = one(connection, invariant("sum of its items"))
        run_job(connection, 30)
        a_minute_later = one(connection, invariant("sum of its items"))
        assert 40 < a_minute_later - before < 100
        run_job(connection, (ACCOUNTS - 500) // 20 - 30)
        wrong = one(connection, invariant("sum of its items"))
        assert wrong == pytest.approx(ORDERS_WRONG, rel=0.05)
        assert wrong / orders == pytest.approx(0.02, rel=0.05)
        granted = one(connection, "select count(*) from goodwill")
        assert granted / orders == pytest.approx(GRANTED_SHARE, rel=0.05)
        assert one(connection, invariant("is granted")) == 0
        for each in scenario.evidence:
            if each.sql and "cron" not in each.sql:
                assert each.accepts(one(connection, each.sql)), each.say


@pytest.mark.integration
@pytest.mark.parametrize("part", ["mend exactly", "mend the statement"])
def test_either_fix_leaves_every_total_right(shop: Shop, part: str) -> None:
    """Also after the job has gone on for a round, where it is mended and not stopped."""
    with as_before(shop) as connection:
        run_job(connection, 10)
        for statement in statements(attempt(part)):
            connection.execute(statement.encode())
        if "statement" in part:
            run_job(connection, 100)
        assert one(connection, invariant("sum of its items")) == 0
        assert one(connection, invariant("is granted")) == 0


@pytest.mark.integration
def test_adding_everything_up_again_takes_back_what_was_granted(shop: Shop) -> None:
    """It harms more customers than the job did."""
    with as_before(shop) as connection:
        run_job(connection, 10)
        harmed = one(connection, invariant("sum of its items"))
        for statement in statements(attempt("add up every total")):
            connection.execute(statement.encode())
        assert one(connection, invariant("is granted")) > 5 * harmed


def test_users_cannot_notice_it_by_what_is_measured() -> None:
    """Only orders that are older than a day change, and load knows those of its own run."""
    (function,) = (
        each for each in statements(library("silent-corruption").noise) if "create function" in each
    )
    assert "placed_at < now() - interval '1 day'" in function
