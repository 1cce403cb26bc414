"""no-incident: paying takes longer than it did, and far less than was promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from checkout import config
from edge.experience import THRESHOLDS_S
from labctl.clock import seconds
from labctl.scenario.model import Decoy, Fix
from labctl.scenario.steps import Act
from load.profiles import WEEKDAY

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

BANK_S = 0.2
"""What the bank takes at least in a lab; a fifth more at most."""
_numbers = count(1)


def steps() -> dict[str, Mapping[str, Any]]:
    """What each fix and each decoy sets, by its name."""
    scenario = library("no-incident")
    attempts: tuple[Fix | Decoy, ...] = (*scenario.fixes, *scenario.decoys)
    return {each.name: act.action.step() for each in attempts for act in each.do if isinstance(act, Act)}


def delay() -> str:
    (fault,) = library("no-incident").faults
    return str(fault.action.step()["flag"]["value"])


def flags_of(name: str) -> dict[str, str]:
    """The flags of a lab in which this one thing was done, or nothing."""
    flag = steps().get(name, {}).get("flag")
    done = {flag["name"].replace("-", "_"): str(flag["value"])} if flag else {}
    return {"bank_delay": delay(), **done}


def named(part: str) -> str:
    """The one fix or decoy whose name has this in it."""
    (name,) = (each for each in steps() if part in each)
    return name


@contextmanager
def slower(shop: Shop, part: str = "") -> Iterator[None]:
    """For the block, the bank is as in a lab, slower as the scenario has it; and that one thing was done."""
    with shop.changed("bank", LATENCY_MS=f"{1000 * BANK_S:g}"):
        shop.flags(**flags_of(named(part) if part else ""))
        try:
            yield
        finally:
            shop.flags()


def pay(shop: Shop, times: int) -> list[tuple[int, float]]:
    """Status and seconds of so many checkouts, one after the other."""
    answers = [shop.buy(f"no-incident-{next(_numbers)}") for _ in range(times)]
    return [(each.status_code, each.elapsed.total_seconds()) for each in answers]


def all_well(answers: list[tuple[int, float]]) -> bool:
    """Whether each was paid within what is promised."""
    return all(status == 201 and took_s < THRESHOLDS_S["checkout"] for status, took_s in answers)


def paid(shop: Shop) -> int:
    """The orders of this file's tests that are paid."""
    sql = "select count(*) from orders where starts_with(idempotency_key, 'no-incident-') and state = 'paid'"
    return int(shop.postgres.one(sql))


@pytest.mark.integration
def test_paying_takes_two_fifths_of_what_is_promised(shop: Shop) -> None:
    """It is slower than it was, which somebody may see, and nobody is hurt."""
    with slower(shop):
        answers = pay(shop, 31)
    assert all_well(answers)
    took_s = sorted(took for _, took in answers)
    assert took_s[0] > BANK_S + seconds(delay())
    assert 0.3 < took_s[15] / THRESHOLDS_S["checkout"] < 0.45


@pytest.mark.integration
def test_the_guard_stays_down(shop: Shop) -> None:
    """The breaker counts slow calls, and none of twenty and more is slow enough."""
    with slower(shop, "put the guard up"):
        assert all_well(pay(shop, 25))
        assert shop.metric("checkout", "bank_breaker_open") == 0


@pytest.mark.integration
def test_more_room_hurts_nobody(shop: Shop) -> None:
    """Nobody waits for a connection with as many as before, nor with more."""
    size = str(steps()[named("make room")]["set"]["DB_POOL_MAX"])
    with slower(shop), shop.changed("checkout", DB_POOL_MAX=size):
        assert all_well(pay(shop, 10))
        assert shop.metric("checkout", "db_pool_max") == int(size)


@pytest.mark.integration
def test_less_patience_with_the_bank_fails_every_payment_and_charges_it(shop: Shop) -> None:
    """The timeout is shorter than what the bank takes now; the bank was asked all the same."""
    with slower(shop, "wait 300 ms for the bank"):
        before = paid(shop)
        assert [status for status, _ in pay(shop, 5)] == [503] * 5
        eventually(
            lambda: shop.get("bank", "/charges").json()["charged"] == 5, what="the bank has charged all"
        )
        assert paid(shop) == before


@pytest.mark.integration
def test_an_edge_that_gives_up_leaves_an_order_behind(shop: Shop) -> None:
    """The customer sees an error; a moment later the order is paid."""
    with slower(shop, "have the edge give up"):
        before = paid(shop)
        assert [status for status, _ in pay(shop, 5)] == [503] * 5
        eventually(lambda: paid(shop) == before + 5, what="all five orders are paid")


@pytest.mark.integration
def test_turning_some_away_hurts_as_many(shop: Shop) -> None:
    """Far more than the one in twenty that makes a journey red."""
    with slower(shop, "turn away every third"):
        answers = [status for status, _ in pay(shop, 60)]
    assert set(answers) == {201, 429}
    assert answers.count(429) > 0.05 * len(answers)


def test_there_is_room_for_payments_that_take_longer() -> None:
    """Arrivals × time held ÷ connections, with a hundredth of a second beside the bank."""
    held_s = 1.1 * BANK_S + seconds(delay()) + 0.01
    busy = WEEKDAY["checkout"] * held_s
    assert 0.5 < busy / config.DB_POOL_MAX < 0.6
    assert busy / int(steps()[named("make room")]["set"]["DB_POOL_MAX"]) < 0.4


def test_the_wrong_timeouts_are_below_what_the_bank_takes_at_its_quickest() -> None:
    """So that each payment is given up, not only some."""
    for part in ("wait 300 ms for the bank", "have the edge give up"):
        given = seconds(str(steps()[named(part)]["flag"]["value"]))
        assert given < 0.95 * (BANK_S + seconds(delay()))
