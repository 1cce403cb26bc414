"""A circuit breaker over a sliding window of calls, pure: the clock comes from outside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"  # one probe at a time is let through


@dataclass(frozen=True)
class Limits:
    """When to open, and for how long. A call is bad when it failed or took `slow_s` or longer."""

    bad_share: float = 0.5
    least_calls: int = 10
    window_s: float = 10.0
    open_s: float = 2.0
    slow_s: float = float("inf")


class Breaker:
    """Opens when too many recent calls were bad; after `open_s` a good probe closes it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: deque[tuple[float, bool]] = deque()
        self._bad = 0
        self._opened_at: float | None = None
        self._probing_since: float | None = None

    def state(self, limits: Limits) -> State:
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._clock() - self._opened_at < limits.open_s else State.HALF_OPEN

    def allows(self, limits: Limits) -> bool:
        """Whether a call may go now; a call allowed while half-open is the probe."""
        now = self._clock()
        match self.state(limits):
            case State.CLOSED:
                return True
            case State.OPEN:
                return False
            case State.HALF_OPEN:
                # A probe whose end was never told does not block the next one for ever.
                if self._probing_since is not None and now - self._probing_since < limits.window_s:
                    return False
                self._probing_since = now
                return True

    def record(self, limits: Limits, *, ok: bool, seconds: float) -> None:
        """Tell how a call ended."""
        good = ok and seconds < limits.slow_s
        if self._opened_at is not None:
            if self._probing_since is not None:
                self._end_probe(good)
            return
        self._calls.append((self._clock(), good))
        self._bad += not good
        self._forget(limits)
        if len(self._calls) >= limits.least_calls and self._bad >= limits.bad_share * len(self._calls):
            self._opened_at = self._clock()

    def _end_probe(self, good: bool) -> None:
        self._probing_since = None
        self._opened_at = None if good else self._clock()
        self._calls.clear()
        self._bad = 0

    def _forget(self, limits: Limits) -> None:
        oldest = self._clock() - limits.window_s
        while self._calls and self._calls[0][0] < oldest:
            _, good = self._calls.popleft()
            self._bad -= not good
