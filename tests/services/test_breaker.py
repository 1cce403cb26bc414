"""The circuit breaker."""

from __future__ import annotations

import pytest

from shared.breaker import Breaker, Limits, State

LIMITS = Limits(bad_share=0.5, least_calls=4, window_s=10, open_s=2, slow_s=1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def calls(breaker: Breaker, *, good: int = 0, bad: int = 0, slow: int = 0) -> None:
    for ok, seconds, times in ((True, 0.1, good), (False, 0.1, bad), (True, 5.0, slow)):
        for _ in range(times):
            breaker.record(LIMITS, ok=ok, seconds=seconds)


def test_a_few_failures_are_no_verdict(breaker: Breaker) -> None:
    """Below the least number of calls it stays closed, whatever they were."""
    calls(breaker, bad=3)
    assert breaker.state(LIMITS) is State.CLOSED
    assert breaker.allows(LIMITS)


def test_it_opens_when_half_of_the_calls_fail(breaker: Breaker) -> None:
    """At the share it opens, and refuses."""
    calls(breaker, good=3, bad=2)
    assert breaker.allows(LIMITS)
    calls(breaker, bad=1)
    assert breaker.state(LIMITS) is State.OPEN
    assert not breaker.allows(LIMITS)


def test_slow_successes_count_as_bad(breaker: Breaker) -> None:
    """A dependency that answers, but slowly, opens it too."""
    calls(breaker, slow=4)
    assert breaker.state(LIMITS) is State.OPEN


def test_old_calls_are_forgotten(breaker: Breaker, clock: Clock) -> None:
    """Failures before the window do not count."""
    calls(breaker, bad=3)
    clock.now = 10.1
    calls(breaker, good=3, bad=1)
    assert breaker.state(LIMITS) is State.CLOSED


def test_a_good_probe_closes_it(breaker: Breaker, clock: Clock) -> None:
    """After its time one probe goes through, and no second beside it; success closes."""
    calls(breaker, bad=4)
    clock.now = 2
    assert breaker.allows(LIMITS)
    assert not breaker.allows(LIMITS)
    calls(breaker, good=1)
    assert breaker.state(LIMITS) is State.CLOSED
    calls(breaker, bad=3)
    assert breaker.allows(LIMITS), "what came before the probe is forgotten"


def test_a_bad_probe_keeps_it_open(breaker: Breaker, clock: Clock) -> None:
    """A slow or failed probe starts the open time again."""
    calls(breaker, bad=4)
    clock.now = 2
    assert breaker.allows(LIMITS)
    calls(breaker, slow=1)
    clock.now = 3.9
    assert not breaker.allows(LIMITS)
    clock.now = 4
    assert breaker.allows(LIMITS)


def test_late_answers_of_earlier_calls_do_not_close_it(breaker: Breaker) -> None:
    """A success that was under way when it opened says nothing about now."""
    calls(breaker, bad=4)
    calls(breaker, good=10)
    assert breaker.state(LIMITS) is State.OPEN


def test_a_lost_probe_does_not_block_for_ever(breaker: Breaker, clock: Clock) -> None:
    """When a probe's end is never told, another is allowed after the window."""
    calls(breaker, bad=4)
    clock.now = 2
    assert breaker.allows(LIMITS)
    clock.now = 12
    assert breaker.allows(LIMITS)
