"""The pace: which traffic is wanted now, and the arrivals of each second as it begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from load.profiles import DEFAULT, Traffic
from load.seconds import Seconds
from load.timetable import Timetable

Due = tuple[float, int, str]
"""When, on the monotonic clock; the second's number; the journey."""


class Pace:
    """Second n begins n - 1 s after the first, whatever has happened; other traffic waits for the next.

    `beside` are journeys that all traffic has beside the shop's own, with their rates.
    """

    def __init__(
        self,
        seconds: Seconds,
        timetable: Timetable,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        beside: Mapping[str, float] | None = None,
    ) -> None:
        self.seconds = seconds
        self._timetable = timetable
        self._monotonic = monotonic
        self._wall = wall
        self._begin_s = monotonic()
        self.usual = replace(DEFAULT, beside=beside or {})
        self.traffic = self.usual
        self.since = 1

    def change(self, traffic: Traffic) -> None:
        """Other traffic from the next second on, which is the profile's second 0."""
        self.traffic = traffic
        self.since = self.seconds.now + 1

    @property
    def next_begins_s(self) -> float:
        """When the next second begins, on the monotonic clock."""
        return self._begin_s + self.seconds.now

    def begin_second(self) -> list[Due]:
        """Begin the next second, at its time or as soon after as possible; its arrivals, in order."""
        begin_s, number = self.next_begins_s, self.seconds.now + 1
        rates = self.traffic.rates(number - self.since)
        arrivals = self._timetable.second(number, rates, self.traffic.spacing)
        wall_s = self._wall() - (self._monotonic() - begin_s)
        self.seconds.begin(number, wall_s, rates, [journey for _, journey in arrivals])
        return [(begin_s + at, number, journey) for at, journey in arrivals]
