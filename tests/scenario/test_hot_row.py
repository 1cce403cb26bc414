"""hot-row: everybody wants one row of stock, and whoever has it waits for the bank."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from labctl.scenario import catalog
from labctl.scenario.steps import Act
from load.journeys.checkout import TWO_ITEMS_SHARE
from load.keys import PRODUCT_SKEW
from load.profiles import WEEKDAY
from shared import catalogue

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

BANK_S = 0.2
HELD_S = 0.235
"""How long an order keeps the row: the bank's 0.2 to 0.24 s and a few statements."""
_numbers = count(1)


def flags(steps: tuple[Any, ...]) -> dict[str, str]:
    """What the flags among some steps are set to, as the shop of these tests takes them."""
    found = [dict(step.action.step()["flag"]) for step in steps if isinstance(step, Act) and _is_flag(step)]
    return {each["name"].replace("-", "_"): each["value"] for each in found}


def _is_flag(step: Act) -> bool:
    return step.action.name == "flag"


def before() -> dict[str, str]:
    """The flags as they are before the campaign."""
    return {name: value for name, value in flags(library("hot-row").noise).items() if name != "new_banner"}


def broken() -> dict[str, str]:
    return {**before(), **flags(library("hot-row").faults)}


def fixes() -> dict[str, dict[str, str]]:
    return {fix.name: flags(fix.do) for fix in library("hot-row").fixes}


@contextmanager
def slow_bank(shop: Shop, **chosen: str) -> Iterator[ThreadPoolExecutor]:
    """For the block, the bank takes its usual time, and there is a crowd to place orders."""
    with shop.changed("bank", LATENCY_MS=f"{BANK_S * 1000:g}"), ThreadPoolExecutor(24) as crowd:
        shop.flags(**chosen)
        yield crowd


def buy(shop: Shop, product: int) -> int:
    return shop.buy(f"hot-row-{next(_numbers)}", product=product).status_code


def took_s(shop: Shop, crowd: ThreadPoolExecutor, orders: int) -> float:
    """How long so many orders take that come at once, each of another product."""
    began = time.monotonic()
    answers = list(crowd.map(lambda product: buy(shop, product), range(101, 101 + orders)))
    assert set(answers) == {201}
    return time.monotonic() - began


def test_a_gift_for_everybody_is_one_row_for_everybody() -> None:
    """Twelve a second want what 4.3 can have: ρ is 2.8. Without the gift the most popular product has 0.2."""
    assert WEEKDAY["checkout"] * HELD_S >= 2 * 1.3
    weights = [rank**-PRODUCT_SKEW for rank in range(1, catalogue.PRODUCTS + 1)]
    most = WEEKDAY["checkout"] * (1 + TWO_ITEMS_SHARE) * weights[0] / sum(weights)
    assert most * HELD_S < 0.2


def test_turning_buyers_away_hurts_more_than_it_spares() -> None:
    """So many that the row keeps up with the rest."""
    (shed,) = [found for each in library("hot-row").decoys if (found := flags(each.do))]
    share = float(shed["edge_shed_checkout"].removesuffix("%")) / 100
    assert WEEKDAY["checkout"] * (1 - share) * HELD_S < 1
    assert share > 0.5


@pytest.mark.integration
def test_orders_of_different_products_wait_for_the_same_row(shop: Shop) -> None:
    """One after the other, each as long as the bank takes; in the weeks before, all at once."""
    with slow_bank(shop, **before()) as crowd:
        assert took_s(shop, crowd, 8) < 8 * BANK_S / 2
        shop.flags(**broken())
        assert took_s(shop, crowd, 8) > 8 * BANK_S


@pytest.mark.integration
@pytest.mark.parametrize("fix", fixes())
def test_each_fix_lets_them_go_side_by_side(shop: Shop, fix: str) -> None:
    """The row is free again before the bank is asked, or nobody wants it."""
    with slow_bank(shop, **{**broken(), **fixes()[fix]}) as crowd:
        assert took_s(shop, crowd, 8) < 8 * BANK_S / 2


@pytest.mark.integration
def test_more_connections_wait_for_the_same_row(shop: Shop) -> None:
    """Nothing is faster with twenty-four of them."""
    with shop.changed("checkout", DB_POOL_MAX="24"), slow_bank(shop, **broken()) as crowd:
        assert took_s(shop, crowd, 12) > 12 * BANK_S


@pytest.mark.integration
def test_whoever_waits_for_the_row_keeps_a_connection_from_the_others(shop: Shop) -> None:
    """Carts and order states fail, which need no stock; browsing does not. The evidence says so."""
    evidence = {each.say: each for each in library("hot-row").evidence}
    (waits,) = (each for each in evidence.values() if each.sql)
    (slow,) = (each for each in evidence.values() if "stock-take" in str(each.query))
    sizes = {"DB_POOL_MAX": "5", "DB_POOL_TIMEOUT": "200ms", "DB_STATEMENT_TIMEOUT": "20s"}
    thinks_long = {**broken(), "bank_delay": "1s", "edge_retries": "0"}
    with shop.changed("checkout", **sizes), slow_bank(shop, **thinks_long) as crowd:
        with shop.postgres.connect() as connection:
            orders = [crowd.submit(buy, shop, 101 + each) for each in range(5)]

            def waiting() -> bool:
                row = connection.execute(str(waits.sql).encode()).fetchone()
                return bool(row and waits.accepts(row[0]))

            eventually(waiting, what=waits.say)
        assert shop.get("edge", "/api/cart/5").status_code == 503
        assert shop.get("edge", "/api/orders/1").status_code == 503
        assert shop.get("edge", "/api/products/1").status_code == 200
        assert {order.result() for order in orders} == {201}
        taking = 'db_query_duration_seconds_{}{{outcome="ok",query="stock-take"}}'
        spent_s = shop.metric("checkout", taking.format("sum"))
        assert slow.accepts(spent_s / shop.metric("checkout", taking.format("count")))


def test_the_switch_is_weeks_older_than_the_campaign() -> None:
    """What changed last is half of it."""
    (old,) = [act for act in library("hot-row").noise if "reserve" in str(act)]
    assert old.at_s == -21 * 86_400


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("hot-row"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "briefing", "page", "load", "expect", "hold", "skills"):
        assert getattr(here, shown) == getattr(there, shown), shown
