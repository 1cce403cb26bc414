"""What users experienced over one window of seconds: a colour per journey, in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from labctl.judge.problems import problems
from labctl.slo.sli import Second, Tally

MIN_DUE = 150
"""Requests of a journey below which a window says nothing."""
FORGIVEN = 3
"""Failures that never count, however few requests there were."""
RED_SHARE = 0.05
RED_WINDOW_S = 10

Objectives = Mapping[str, float]
"""Target share of good requests per journey, 0..1; every journey named here must be present."""
NO_SHEDDING: Mapping[str, float] = MappingProxyType({})


class Colour(StrEnum):
    GREEN = "green"
    RED = "red"
    THIN = "thin"  # neither: a proof fails, a drill says so
    UNKNOWN = "unknown"  # too few requests, or a problem with the evidence


def allowed(due: int, target: float = 0.99) -> int:
    """How many of `due` requests may fail while the window is green."""
    return max(FORGIVEN, math.floor(round((1 - target) * due, 6)))


def red_share(target: float = 0.99) -> float:
    """The share of failures from which 10 s are red: 5 %, or five error budgets if that is more."""
    return min(1.0, max(RED_SHARE, round(5 * (1 - target), 6)))


def is_red(tally: Tally, target: float = 0.99) -> bool:
    """Whether this many failures in 10 s are red; what is forgiven in any window never is."""
    return tally.failed > FORGIVEN and tally.failed_share >= red_share(target)


@dataclass(frozen=True)
class JourneyReading:
    """One journey over the window: measured against required."""

    journey: str
    target: float
    due: int
    failed: int
    allowed: int
    colour: Colour
    needed: int = MIN_DUE  # requests below which the window says nothing

    @property
    def failed_share(self) -> float:
        return self.failed / self.due if self.due else 0.0

    @property
    def margin(self) -> float:
        """What is left of the allowance, 1..0; below 0 it is overdrawn."""
        return (self.allowed - self.failed) / self.allowed

    def __str__(self) -> str:
        if not self.due:
            return f"{self.journey} no requests"
        return f"{self.journey} {_percent(1 - self.failed_share)} of {self.target * 100:g} %"


@dataclass(frozen=True)
class Reading:
    """A window of seconds `first`..`last` (their numbers; 0 and 0 when there are none)."""

    first: int
    last: int
    colour: Colour
    journeys: tuple[JourneyReading, ...]
    problems: tuple[str, ...] = ()

    def of(self, journey: str) -> JourneyReading:
        return next(reading for reading in self.journeys if reading.journey == journey)

    def unhappy(self) -> tuple[JourneyReading, ...]:
        """Journeys that are not green, the worst first."""
        found = (reading for reading in self.journeys if reading.colour is not Colour.GREEN)
        return tuple(sorted(found, key=lambda reading: -reading.failed_share))

    def missing(self) -> tuple[str, ...]:
        """What keeps it from green, as sentences."""
        short = [
            f"{reading.journey} had {reading.due} requests of {reading.needed} needed"
            for reading in self.journeys
            if reading.colour is Colour.UNKNOWN
        ]
        worse = [str(r) for r in self.unhappy() if r.colour is not Colour.UNKNOWN]
        return (*self.problems, *(worse or short))


def tally(seconds: Sequence[Second], journey: str) -> Tally:
    """All requests of one journey over these seconds."""
    return sum((second.journeys.get(journey, Tally()) for second in seconds), start=Tally())


def tolerate(counted: Tally, shed_share: float) -> Tally:
    """The same requests without those that may be shed; the rest owe the full objective."""
    spared = min(counted.shed, math.floor(shed_share * counted.due))
    return Tally(counted.due - spared, counted.good, counted.slow, counted.bad, counted.shed - spared)


def leave_out(seconds: Sequence[Second], excluded: Sequence[range]) -> list[Second]:
    """The seconds that no reset of the engine's own took."""
    return [second for second in seconds if not any(second.number in gone for gone in excluded)]


def read(
    seconds: Sequence[Second],
    objectives: Objectives,
    *,
    min_due: int = MIN_DUE,
    excluded: Sequence[range] = (),
    tolerated_shed: Mapping[str, float] = NO_SHEDDING,
) -> Reading:
    """Judge the whole window.

    A journey is red when any 10 s in it are red, else green when failures ≤ max(3, 1 % of the
    requests), else thin; unknown below `min_due` requests. The window is as bad as its worst
    journey, and unknown when it has problems: no data is never a pass.
    """
    counted = leave_out(seconds, excluded)
    found = problems(counted, objectives, excluded=excluded)
    journeys = tuple(
        _journey(counted, name, target, min_due, tolerated_shed.get(name, 0.0))
        for name, target in sorted(objectives.items())
    )
    return Reading(
        first=counted[0].number if counted else 0,
        last=counted[-1].number if counted else 0,
        colour=Colour.UNKNOWN if found else _worst([reading.colour for reading in journeys]),
        journeys=journeys,
        problems=found,
    )


def red_now(
    seconds: Sequence[Second], journey: str, *, window_s: int = RED_WINDOW_S, target: float = 0.99
) -> bool:
    """Whether the last `window_s` seconds are red for this journey; never on fewer seconds."""
    return len(seconds) >= window_s and is_red(tally(seconds[-window_s:], journey), target)


def first_red(seconds: Sequence[Second], journey: str, *, after: int = 0, target: float = 0.99) -> int | None:
    """The number of the first second above `after` at whose end the journey was red, if it was."""
    for end, second in enumerate(seconds, start=1):
        if second.number > after and red_now(
            seconds[max(0, end - RED_WINDOW_S) : end], journey, target=target
        ):
            return second.number
    return None


def _journey(
    seconds: Sequence[Second], name: str, target: float, min_due: int, shed_share: float
) -> JourneyReading:
    runs = max(1, len(seconds) - RED_WINDOW_S + 1)
    red = any(
        is_red(tolerate(tally(seconds[start : start + RED_WINDOW_S], name), shed_share), target)
        for start in range(runs)
    )
    whole = tolerate(tally(seconds, name), shed_share)
    limit = allowed(whole.due, target)
    if red:
        colour = Colour.RED
    elif whole.due < max(1, min_due):
        colour = Colour.UNKNOWN
    else:
        colour = Colour.GREEN if whole.failed <= limit else Colour.THIN
    return JourneyReading(name, target, whole.due, whole.failed, limit, colour, min_due)


def _worst(colours: Sequence[Colour]) -> Colour:
    order = (Colour.RED, Colour.UNKNOWN, Colour.THIN, Colour.GREEN)
    return next((colour for colour in order if colour in colours), Colour.UNKNOWN)


def _percent(share: float) -> str:
    """Rounded down, so that a miss never reads as the target it missed."""
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"
