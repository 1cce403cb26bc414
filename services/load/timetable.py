"""When each arrival is due: worked out second by second, never in answer to how the shop is doing."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

Arrival = tuple[float, str]
"""Seconds into the second, and the journey."""


class Timetable:
    """Arrivals at the rates asked for; the same seed and rates give the same arrivals.

    `even`: the second is cut into as many slots as arrivals, each at a random moment of its slot;
    fractions of an arrival are carried over. `poisson`: independent arrivals, as from a crowd.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._owed: dict[str, float] = {}

    def second(self, number: int, rates: Mapping[str, float], spacing: str = "even") -> list[Arrival]:
        """The arrivals of one second, in order; seconds must be asked for one after the other."""
        source = random.Random(f"{self._seed}/{number}")  # noqa: S311
        arrivals: list[Arrival] = []
        for journey, rate in rates.items():
            if spacing == "even":
                arrivals += [(at, journey) for at in self._even(source, journey, rate)]
            else:
                arrivals += [(at, journey) for at in _poisson(source, rate)]
        return sorted(arrivals)

    def _even(self, source: random.Random, journey: str, rate: float) -> list[float]:
        # Begin at a random fraction, so that slow journeys don't all arrive in the same seconds.
        owed = self._owed.get(journey, source.random()) + rate
        count = math.floor(owed + 1e-9)
        self._owed[journey] = owed - count
        return [(slot + source.random()) / count for slot in range(count)]


def _poisson(source: random.Random, rate: float) -> list[float]:
    times = []
    at = source.expovariate(rate) if rate else 1.0
    while at < 1.0:
        times.append(at)
        at += source.expovariate(rate)
    return times
