"""pool-queue-silent: bursts wait in a line for two connections, late and without one error."""

from __future__ import annotations

import heapq
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop

from checkout import config
from labctl.scenario import catalog
from labctl.slo.openslo import objectives
from load.profiles import WEEKDAY, Traffic, parse
from load.timetable import Timetable

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

HELD_S = {"checkout": 0.235, "cart": 0.006, "order-status": 0.003, "account-history": 0.006}
"""How long each journey holds a connection; a checkout's is the bank's 0.2 to 0.24 s and a few statements."""
PERIODS = 20
_numbers = count(1)


@dataclass(frozen=True)
class Waited:
    """What one request experienced."""

    journey: str
    begun_s: float
    wait_s: float

    @property
    def took_s(self) -> float:
        return self.wait_s + HELD_S[self.journey]


def traffic() -> Traffic:
    load = library("pool-queue-silent").load
    return parse({"profile": load.profile, "rate": load.rate})


def setting() -> dict[str, Any]:
    """What the fault sets."""
    (fault,) = library("pool-queue-silent").faults
    return dict(fault.action.step()["set"])


def line(connections: int) -> list[Waited]:
    """Everybody who wants a connection of checkout, first come first served, over many bursts."""
    timetable, wanted = Timetable("line"), traffic()
    free_at_s = [0.0] * connections
    waited = []
    for second in range(PERIODS * 8):
        for at, journey in timetable.second(second + 1, wanted.rates(second)):
            if journey in HELD_S:
                now_s = second + at
                start_s = max(now_s, heapq.heappop(free_at_s))
                heapq.heappush(free_at_s, start_s + HELD_S[journey])
                waited.append(Waited(journey, now_s, start_s - now_s))
    return waited


def late(waited: list[Waited], journey: str) -> float:
    """The share of a journey's requests that took longer than was promised."""
    (promise,) = (each for each in objectives() if each.journey == journey)
    own = [each for each in waited if each.journey == journey]
    return sum(each.took_s > promise.threshold_s for each in own) / len(own)


def test_a_burst_is_a_weekdays_peak() -> None:
    """For four seconds the traffic is about what the briefing says, and then a tenth of it."""
    for second in (0, 3, 8):
        assert traffic().rates(second) == pytest.approx(WEEKDAY, rel=0.1)
    assert traffic().rates(4)["checkout"] < 2


def test_two_connections_are_enough_on_average_and_not_in_a_burst() -> None:
    """Five sixths of their time over a period; half as much again while everybody comes."""

    def rho(second: int) -> float:
        rates = traffic().rates(second)
        return sum(rates[journey] * held_s for journey, held_s in HELD_S.items()) / 2

    assert rho(0) >= 1.3
    assert sum(rho(second) for second in range(8)) / 8 < 0.9


def test_more_than_half_are_late_and_nobody_waits_for_as_long_as_any_timeout() -> None:
    """Not even the usual timeout is reached, and the one that was set is far away: nothing fails."""
    waited = line(connections=int(setting()["DB_POOL_MAX"]))
    assert late(waited, "checkout") >= 0.5
    assert late(waited, "cart") > late(waited, "checkout")
    assert max(each.wait_s for each in waited) < 0.9 * config.DB_POOL_TIMEOUT_S
    assert setting()["DB_POOL_TIMEOUT"] == "10s"


def test_each_queue_is_gone_before_the_next() -> None:
    """It comes and goes: who comes first in a burst waits for nobody."""
    waited = line(connections=2)
    first = [each for each in waited if each.begun_s % 8 < 0.2]
    assert first
    assert max(each.wait_s for each in first) < 0.5


def test_with_eight_connections_nobody_is_late() -> None:
    """A burst is no surge: the pool was made for it."""
    waited = line(connections=config.DB_POOL_MAX)
    assert [late(waited, journey) for journey in HELD_S] == [0.0] * len(HELD_S)


@pytest.mark.integration
def test_a_burst_on_two_connections_is_late_without_an_error(shop: Shop) -> None:
    """All are paid, nobody gives up, checkout says that it is well; with eight, fewer are late."""

    def timed(_: int) -> tuple[int, float]:
        began = time.monotonic()
        status = shop.buy(f"silent-{next(_numbers)}").status_code
        return status, time.monotonic() - began

    slow = {}
    for connections in (2, 8):
        sizes = {"DB_POOL_MAX": str(connections), "DB_POOL_TIMEOUT": "10s"}
        with shop.changed("checkout", **sizes), ThreadPoolExecutor(16) as crowd:
            shop.flags(bank_delay="180ms")
            answers = [crowd.submit(timed, each) for each in range(16)]
            while wait(answers, timeout=0.1).not_done:
                assert shop.get("checkout", "/readyz").status_code == 200
            assert {each.result()[0] for each in answers} == {201}
            assert shop.metric("checkout", "db_pool_timeouts_total") == 0
            slow[connections] = sum(each.result()[1] > 1.0 for each in answers)
    assert slow[2] >= 6  # two at a time, 0.2 s each: the eleventh is done after 1.2 s at the earliest
    assert slow[8] < slow[2]


def test_it_says_how_its_customers_come() -> None:
    """A family of its own, since its waves can be seen: the numbers of the briefing are the load's."""
    here = library("pool-queue-silent")
    high = traffic().rates(0)
    assert (round(sum(high.values())), round(high["checkout"])) == (56, 13)
    assert "fifty-six requests a second, thirteen of them checkouts" in " ".join(here.briefing.split())
    assert here.family != catalog.find("pool-shrunk").family


def test_its_silence_tells_it_from_the_incident_with_the_same_pool() -> None:
    """Two connections in both; there a quarter of the checkouts give up waiting, here nobody."""
    here = {str(each.query): each for each in library("pool-queue-silent").evidence}
    (gave_up,) = (each for query, each in here.items() if "db_pool_timeouts_total" in query)
    assert gave_up.accepts(0)
    assert not gave_up.accepts(0.25 * 12 * 30)
    assert gave_up.shared is None
