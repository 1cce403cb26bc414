"""metric-bug: a release counts each checkout twice, and brings what no rollback may take away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from edge.experience import THRESHOLDS_S
from labctl.engine.phases import PAGE_WITHIN_S
from labctl.slo.burn import first_page
from labctl.stack import release

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

GUILTY, MENDED, BEFORE = "1.9.0", "1.9.1", "1.8.1"
_numbers = count(1)


def migration() -> dict[str, str]:
    """What is done to the table orders with the release, and what takes it back."""
    (step,) = (
        each.action.step()["sql"] for each in library("metric-bug").faults if each.action.name == "sql"
    )
    return {key: str(step[key]) for key in ("do", "undo", "verify")}


@contextmanager
def migrated(shop: Shop) -> Iterator[None]:
    """For the block, no order is stored under a key that does not name its customer."""
    with shop.postgres.connect() as connection:
        connection.execute(migration()["do"].encode())
        assert connection.execute(migration()["verify"].encode()).fetchone() == (True,)
        try:
            yield
        finally:
            connection.execute(migration()["undo"].encode())


def buy(shop: Shop, key: str | None = None, *, customer: int = 5) -> httpx.Response:
    order = {"customer": customer, "items": [{"product": 1, "quantity": 2}], "card": f"card-ok-{customer}"}
    headers = {"idempotency-key": key or f"metric-bug-{next(_numbers)}"}
    return httpx.post(shop.url("edge", "/api/checkout"), json=order, headers=headers, timeout=20)


def counted(shop: Shop, journey: str) -> dict[str, float]:
    """What the edge has counted of a journey by outcome, and how many answers it has timed."""
    outcomes = ("good", "late", "failed")
    found = {
        each: shop.metric("edge", f'journey_requests_total{{journey="{journey}",outcome="{each}"')
        for each in outcomes
    }
    answers = shop.metric("edge", f'http_request_duration_seconds_count{{journey="{journey}"')
    return {**found, "answers": answers}


def patience_over(since_s: float) -> None:
    """Wait until a clock that was begun before this moment must have run out."""
    eventually(
        lambda: time.monotonic() > since_s + THRESHOLDS_S["checkout"] + 0.3, what="the patience is over"
    )


@pytest.mark.integration
def test_each_checkout_is_counted_good_and_a_second_later_late(shop: Shop) -> None:
    """None took long; other journeys are counted once, as ever."""
    with shop.changed("edge", RELEASE=GUILTY):
        answers = [buy(shop) for _ in range(5)]
        shop.get("edge", "/api/products/1")
        assert {each.status_code for each in answers} == {201}
        assert max(each.elapsed.total_seconds() for each in answers) < THRESHOLDS_S["checkout"]
        eventually(lambda: counted(shop, "checkout")["late"] == 5, what="each is counted late")
        assert counted(shop, "checkout") == {"good": 5, "late": 5, "failed": 0, "answers": 5}
        assert counted(shop, "product") == {"good": 1, "late": 0, "failed": 0, "answers": 1}


@pytest.mark.integration
@pytest.mark.parametrize(("running", "clock"), [(GUILTY, "off"), (MENDED, "on")])
def test_both_right_ways_count_each_checkout_once(shop: Shop, running: str, clock: str) -> None:
    """The flag takes back the second clock, the next release stops the first; both let people pay."""
    with shop.changed("edge", RELEASE=running), migrated(shop):
        shop.flags(edge_clock_from_form=clock)
        assert [buy(shop).status_code for _ in range(5)] == [201] * 5
        patience_over(time.monotonic())
        assert counted(shop, "checkout") == {"good": 5, "late": 0, "failed": 0, "answers": 5}


@pytest.mark.integration
def test_under_the_release_before_nobody_can_pay_any_more(shop: Shop) -> None:
    """The table refuses what it sends; with the release that came with the migration all is well."""
    with migrated(shop):
        with shop.changed("edge", RELEASE=BEFORE):
            assert [buy(shop).status_code for _ in range(8)] == [500] * 8
            assert shop.get("edge", "/api/products/1").status_code == 200
        with shop.changed("edge", RELEASE=GUILTY):
            assert [buy(shop).status_code for _ in range(8)] == [201] * 8


@pytest.mark.integration
@pytest.mark.parametrize(("running", "orders"), [(BEFORE, 1), (GUILTY, 2), (MENDED, 2)])
def test_two_customers_with_one_key_get_an_order_each_from_this_release_on(
    shop: Shop, running: str, orders: int
) -> None:
    """Before, the second was shown the first one's order; and who asks twice still has one."""
    with shop.changed("edge", RELEASE=running):
        key = f"metric-bug-shared-{next(_numbers)}"
        first, second, again = (buy(shop, key, customer=each) for each in (5, 6, 5))
        assert {each.status_code for each in (first, second, again)} == {201}
        assert len({first.json()["order"], second.json()["order"]}) == orders
        assert again.json()["order"] == first.json()["order"]


def test_the_next_release_mends_the_clock_and_nothing_else() -> None:
    """One file differs."""
    changed = release.diff("edge", GUILTY, MENDED)
    assert [line for line in changed.splitlines() if line.startswith("+++")] == ["+++ edge/experience.py"]


def test_the_page_comes_within_half_of_what_a_proof_waits() -> None:
    """Half of what is counted is late, from a second after the deploy on."""
    found = first_page(0.99, 0.5)
    assert found is not None
    assert found[1] + THRESHOLDS_S["checkout"] < 0.5 * PAGE_WITHIN_S


def test_a_rollback_leads_to_a_release_that_sends_the_keys_of_before() -> None:
    """It is what ran until then, by the scenario's own noise."""
    ran = [act.action.step() for act in library("metric-bug").noise if act.action.concerns == "edge"]
    assert {"deploy": {"component": "edge", "release": BEFORE}} in ran
    assert "edge/orders.py" not in release.diff("edge", release.base("edge"), BEFORE)
