"""What is drawn of the users: the share of good requests and the burn rate, second by second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labctl.slo.burn import PAGES, burn_rate
from labctl.slo.sli import Second, Tally

SMOOTH_S = 5
"""The short window of the page: a dozen requests a second jump by 8 % with each that fails."""
BURN_S = round(PAGES[0].long_s)
"""The long window of the page, over which the burn rate is drawn."""


@dataclass(frozen=True)
class Value:
    """What a curve is at the end of a second (seconds since the epoch)."""

    wall_s: float
    value: float


def good(seconds: Sequence[Second], journey: str) -> list[Value]:
    """Share of good requests over the last 5 s, 0..1."""
    return [Value(at_s, 1 - counted.failed_share) for at_s, counted in _rolling(seconds, journey, SMOOTH_S)]


def burn(seconds: Sequence[Second], journey: str, target: float) -> list[Value]:
    """How many times faster than sustainable the error budget goes, over the last minute."""
    rolled = _rolling(seconds, journey, BURN_S)
    return [Value(at_s, burn_rate(counted.failed_share, target)) for at_s, counted in rolled]


def _rolling(seconds: Sequence[Second], journey: str, window: int) -> Iterator[tuple[float, Tally]]:
    tallies = [second.journeys.get(journey, Tally()) for second in seconds]
    for end, second in enumerate(seconds, start=1):
        counted = sum(tallies[max(0, end - window) : end], start=Tally())
        if counted.due:
            yield second.wall_s + 1, counted
