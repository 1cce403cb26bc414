"""slow-bank: a slow bank takes every connection, and what helps is not to wait for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest
from tests.services.parts import Shop, eventually

from labctl.scenario import catalog

_CALLS = 'bank_request_duration_seconds_count{call="charge"'
_numbers = count(1)


@contextmanager
def waiting(shop: Shop, orders: int) -> Iterator[ThreadPoolExecutor]:
    """For the block, so many checkouts wait for the bank."""
    with ThreadPoolExecutor(orders) as pool:
        before = shop.metric("checkout", "requests_in_flight")
        for _ in range(orders):
            pool.submit(buy, shop)
        eventually(lambda: shop.metric("checkout", "requests_in_flight") >= before + orders)
        yield pool


def buy(shop: Shop) -> int:
    return shop.buy(f"slow-bank-{next(_numbers)}").status_code


def bank(shop: Shop) -> tuple[int, list[str]]:
    """How many charges the bank made, and which orders it charged twice."""
    summary = shop.get("bank", "/charges").json()
    return summary["charged"], summary["doubled"]


def unsettled(shop: Shop) -> int:
    found: int = shop.postgres.one("select count(*) from orders where state = 'payment_pending'")
    return found


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word; so is what is asked of them."""
    slow, shrunk = catalog.find("slow-bank"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "level", "briefing", "page", "load", "expect", "hold"):
        assert getattr(slow, shown) == getattr(shrunk, shown), shown


def test_evidence_of_one_sibling_is_false_in_the_other() -> None:
    """The pool's size: 2 there and 8 here; the bank: 0.2 s there and 8 s here."""
    slow, shrunk = catalog.find("slow-bank").evidence, catalog.find("pool-shrunk").evidence
    shared = {each.query for each in slow} & {each.query for each in shrunk}
    both = [(here, there) for here in slow for there in shrunk if here.query == there.query in shared]
    pool = [pair for pair in both if "db_pool_max" in str(pair[0].query)]
    assert [(here.equals, there.equals) for here, there in pool] == [(8, 2)]
    calls = [pair for pair in both if "bank_request" in str(pair[0].query)]
    assert [(here.accepts(8.1), there.accepts(8.1)) for here, there in calls] == [(True, False)]
    assert [(here.accepts(0.23), there.accepts(0.23)) for here, there in calls] == [(False, True)]


@pytest.mark.integration
def test_the_bank_slows_down_without_forgetting_what_it_charged(shop: Shop) -> None:
    """Its process goes on, and so do its charges and their numbers."""
    assert buy(shop) == 201
    charged, _ = bank(shop)
    process = shop.processes["bank"].child
    shop.flags(bank_delay="400ms")
    began = time.monotonic()
    assert buy(shop) == 201
    assert time.monotonic() - began >= 0.4
    assert bank(shop) == (charged + 1, [])
    assert shop.processes["bank"].child is process


@pytest.mark.integration
def test_a_slow_bank_takes_along_who_never_speaks_to_it(shop: Shop) -> None:
    """Every connection waits for the bank: carts and order status fail, browsing does not."""
    with shop.changed("checkout", DB_POOL_MAX="2", DB_POOL_TIMEOUT="200ms"):
        shop.flags(bank_delay="3s")
        with waiting(shop, 2):
            assert shop.get("edge", "/api/cart/5").status_code == 503
            assert shop.get("edge", "/api/orders/1").status_code == 503
            assert shop.get("edge", "/api/products/1").status_code == 200
        assert shop.metric("checkout", f'{_CALLS},outcome="error"') == 0


@pytest.mark.integration
def test_the_fallback_frees_the_connections_and_heals_with_the_bank(shop: Shop) -> None:
    """Orders are 202 while the bank is slow; once it is well each is settled, once."""
    charged, _ = bank(shop)
    shop.flags(bank_delay="3s", checkout_pending_fallback="on")
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: buy(shop), range(12))) == {202}
    assert shop.metric("checkout", "db_pool_available") == shop.metric("checkout", "db_pool_max")
    assert unsettled(shop) == 12
    shop.flags(checkout_pending_fallback="on")
    eventually(lambda: unsettled(shop) == 0, within_s=45, what="all settled")
    assert bank(shop) == (charged + 12, [])
    assert buy(shop) == 201


@pytest.mark.integration
def test_a_timeout_alone_makes_slow_orders_fail_and_charges_them_all_the_same(shop: Shop) -> None:
    """Nothing else is there to do when it fires; and the bank does not know that nobody waits any more."""
    charged, _ = bank(shop)
    orders = shop.postgres.one("select count(*) from orders")
    shop.flags(bank_delay="700ms", checkout_bank_timeout="300ms")
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: buy(shop), range(4))) == {503}
    eventually(lambda: bank(shop)[0] == charged + 4, what="the bank charged")
    assert shop.postgres.one("select count(*) from orders") == orders


@pytest.mark.integration
def test_the_breaker_opens_on_calls_that_succeed_slowly(shop: Shop) -> None:
    """No call fails; it opens, takes orders as pending at once, and closes when the bank is well."""
    with shop.changed("checkout"):
        shop.flags(bank_delay="500ms", checkout_bank_breaker="on", checkout_bank_slow="400ms")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: buy(shop), range(16)))
        assert answers.count(201) >= 10
        assert shop.metric("checkout", f'{_CALLS},outcome="error"') == 0
        tried = shop.metric("checkout", _CALLS)
        assert buy(shop) == 202
        assert shop.metric("checkout", _CALLS) == tried
        shop.flags(checkout_bank_breaker="on", checkout_bank_slow="400ms")
        eventually(lambda: shop.metric("checkout", "bank_breaker_open") == 0, what="the breaker closed")
        assert buy(shop) == 201
