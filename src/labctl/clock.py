"""Time: a clock that tests can replace, deadlines, durations, and waiting for a condition."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from labctl.errors import LabError

COMPRESSION = 60
"""Every SLO window and alert period is divided by this; human times are not."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(-?)(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")

T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds; only differences mean anything."""

    def wall(self) -> float:
        """Seconds since the epoch, for people and logs."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class FakeClock:
    """A clock that moves only when someone sleeps, for tests; `on_tick` sees each move."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._now = 0.0
        self._epoch = wall
        self.on_tick: Callable[[float], None] = lambda _seconds: None

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._epoch + self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)
        self.on_tick(seconds)


class Timeout(LabError):
    """A condition did not become true in time; the message says what was last seen."""


def await_until(
    condition: Callable[[], T],
    *,
    what: str,
    within_s: float,
    clock: Clock,
    every_s: float = 0.05,
    last_seen: Callable[[], str] | None = None,
) -> T:
    """Poll `condition` until it is truthy and return its value; raise Timeout after `within_s`."""
    deadline = clock.now() + within_s
    while True:
        value = condition()
        if value:
            return value
        if clock.now() >= deadline:
            seen = f"; last seen: {last_seen()}" if last_seen else ""
            raise Timeout(f"{what}: not within {within_s:g} s{seen}")
        clock.sleep(every_s)


def seconds(text: str) -> float:
    """`"30s"`, `"200ms"`, `"-90s"`, `"1.5h"` as seconds; ValueError otherwise."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, like 30s or 200ms")
    sign, number, unit = match.groups()
    return float(number) * _UNITS[unit] * (-1 if sign else 1)


def duration(value_s: float) -> str:
    """Seconds as a person writes them: `0.2` is `200 ms`, `90` is `1 min 30 s`."""
    if 0 < abs(value_s) < 1:
        return f"{value_s * 1000:.0f} ms"
    if abs(value_s) < 60:
        return f"{value_s:.1f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(round(value_s), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
