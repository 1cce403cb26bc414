"""What the edge counts of its users: each request once, as soon as it is known."""

from __future__ import annotations

import asyncio
import time

import pytest
from prometheus_client import REGISTRY

from edge.experience import THRESHOLDS_S, Experience
from labctl.slo.openslo import objectives


def counted(journey: str) -> dict[str, float]:
    value = REGISTRY.get_sample_value
    return {
        outcome: value("journey_requests_total", {"journey": journey, "outcome": outcome}) or 0.0
        for outcome in ("good", "late", "failed")
    }


def gained(before: dict[str, float], journey: str) -> dict[str, float]:
    return {
        outcome: now - before[outcome] for outcome, now in counted(journey).items() if now > before[outcome]
    }


def test_the_edge_waits_as_long_as_the_slos_promise() -> None:
    """Alerts and judge would disagree otherwise."""
    assert {each.journey: each.threshold_s for each in objectives()} == THRESHOLDS_S


@pytest.mark.parametrize(("ok", "outcome"), [(True, "good"), (False, "failed")])
async def test_an_answer_in_time_is_good_or_failed(ok: bool, outcome: str) -> None:
    """Counted at the answer."""
    before = counted("home")
    Experience("home").answered(ok=ok)
    assert gained(before, "home") == {outcome: 1}


async def test_a_request_that_hangs_is_late_before_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its answer, whenever it comes, is not counted again."""
    monkeypatch.setitem(THRESHOLDS_S, "cart", 0.01)
    before = counted("cart")
    hanging = Experience("cart")
    async with asyncio.timeout(5):
        while not gained(before, "cart"):
            await asyncio.sleep(0.001)
    assert gained(before, "cart") == {"late": 1}
    hanging.answered(ok=True)
    assert gained(before, "cart") == {"late": 1}


async def test_a_busy_edge_still_sees_who_waited_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer itself tells where the loop had no time to look."""
    monkeypatch.setitem(THRESHOLDS_S, "search", 0.01)
    before = counted("search")
    slow = Experience("search")
    deadline = time.perf_counter() + 0.02
    while time.perf_counter() < deadline:
        pass  # nothing else runs in this loop meanwhile
    slow.answered(ok=True)
    assert gained(before, "search") == {"late": 1}
