"""The hold: how long users have had their objectives back, as a pure fold over seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from labctl.judge.problems import on_time, only_late
from labctl.judge.reading import (
    MIN_DUE,
    NO_SHEDDING,
    RED_WINDOW_S,
    Colour,
    Objectives,
    Reading,
    allowed,
    is_red,
    leave_out,
    read,
    tally,
    tolerate,
)
from labctl.slo.sli import Second, Tally

RECOVERED_S = 5
"""Users had it back when a stretch this long was green; red after that is *came back*."""
_NONE = Tally()


@dataclass(frozen=True)
class Hold:
    """Complete when the last `required_s` seconds, or more until every journey has `min_due`
    requests, are green in every journey. Feed it every final second, in order; start a new one
    (`restarted`) after each change to the lab. It is not latched: it can be lost again.
    """

    required_s: float
    objectives: Objectives
    start_after: int = 0  # the number of the last second that does not count
    min_due: int = MIN_DUE
    excluded: tuple[range, ...] = ()  # second numbers taken by the engine's own resets
    tolerated_shed: Mapping[str, float] = field(default_factory=lambda: NO_SHEDDING)
    seconds: tuple[Second, ...] = ()
    sums: tuple[Mapping[str, Tally], ...] = field(default=(), repr=False)  # of all seconds up to each
    held_s: int = 0  # the longest green stretch that ends now, up to what is required
    best_s: int = 0  # the longest that it ever was
    came_back: bool = False  # users had it back for RECOVERED_S, and then it was red again

    def feed(self, second: Second) -> Hold:
        if second.number <= self.start_after or not leave_out([second], self.excluded):
            return self
        before = self.sums[-1] if self.sums else {}
        now = {name: before.get(name, _NONE) + second.journeys.get(name, _NONE) for name in self.objectives}
        fed = replace(self, seconds=(*self.seconds, second), sums=(*self.sums, now))
        held_s = fed._stretch()  # noqa: SLF001 — a Hold like this one
        best_s = max(self.best_s, held_s)
        lost = best_s >= RECOVERED_S > held_s and fed._red_from(len(fed.seconds) - RED_WINDOW_S)  # noqa: SLF001
        return replace(fed, held_s=held_s, best_s=best_s, came_back=self.came_back or lost)

    def feed_all(self, seconds: Sequence[Second]) -> Hold:
        hold = self
        for second in seconds:
            hold = hold.feed(second)
        return hold

    def restarted(self, after: int) -> Hold:
        """An empty hold under the same rules that counts from the second after `after`."""
        return replace(self, start_after=after, seconds=(), sums=(), held_s=0, best_s=0, came_back=False)

    @property
    def window(self) -> tuple[Second, ...]:
        """The seconds that decide: the shortest stretch that ends now, is at least `required_s`
        long and gives every journey `min_due` requests; all there are while they do not suffice."""
        return self.seconds[max(0, len(self.seconds) - self._needed()) :]

    @property
    def reading(self) -> Reading:
        return read(
            self.window,
            self.objectives,
            min_due=self.min_due,
            excluded=self.excluded,
            tolerated_shed=self.tolerated_shed,
        )

    @property
    def complete(self) -> bool:
        start = len(self.seconds) - self._needed()
        if start < 0 or self.required_s <= 0:
            return False
        # A reading would say so too, for far more work: nearly every look at a hold ends here.
        if not all(self._within(name, start) for name in self.objectives):
            return False
        return self.reading.colour is Colour.GREEN

    @property
    def plainly_red(self) -> bool:
        """Whether users were hurt also in the seconds in which the load was on time, where its lateness
        is all that is wrong with the evidence: lateness may make a shop look bad, and here did not."""
        fair = on_time(self.window)
        lateness = only_late(self.window, self.objectives, excluded=self.excluded)
        if not lateness or len(fair) < RED_WINDOW_S:
            return False
        return any(
            is_red(tolerate(tally(fair, name), self.tolerated_shed.get(name, 0.0)), target)
            for name, target in self.objectives.items()
        )

    def explain(self) -> str:
        """One sentence, measured against required, with what is missing."""
        reading = self.reading
        held = f"held {self.held_s} s of {math.ceil(self.required_s)} s"
        if self.came_back:
            held = f"came back after {self.best_s} s; {held}"
        if reading.colour is Colour.GREEN:
            lowest = min(reading.journeys, key=lambda journey: journey.margin)
            return f"{held}; every journey green, lowest {lowest}"
        return "; ".join((held, *reading.missing()))

    def _needed(self) -> int:
        """The length of `window`; as long as all seconds, or longer, while they do not suffice."""
        shortest, there = max(1, math.ceil(self.required_s)), len(self.seconds)
        for length in range(shortest, there):
            if all(self._owed(name, there - length, there)[0] >= self.min_due for name in self.objectives):
                return length
        return max(shortest, there)

    def _stretch(self) -> int:
        """The longest green stretch that ends now; too few requests are not held against it."""
        longest, there = 0, len(self.seconds)
        for length in range(1, min(there, self._needed()) + 1):
            if self._red_from(there - length):
                break
            if all(self._within(name, there - length) for name in self.objectives):
                longest = length
        return longest

    def _within(self, journey: str, start: int) -> bool:
        due, failed = self._owed(journey, start, len(self.seconds))
        return due > 0 and (failed == 0 or failed <= allowed(due, self.objectives[journey]))

    def _red_from(self, start: int) -> bool:
        """Whether any journey is red in the 10 s that begin at this index, or what there is of them."""
        first, last = max(0, start), min(len(self.seconds), start + RED_WINDOW_S)
        for name, target in self.objectives.items():
            due, failed = self._owed(name, first, last)
            if failed and is_red(Tally(due, due - failed), target):
                return True
        return False

    def _owed(self, journey: str, start: int, stop: int) -> tuple[int, int]:
        """How many requests of `seconds[start:stop]` count and failed, without those that may be shed."""
        whole = self.sums[stop - 1][journey]
        before = self.sums[start - 1][journey] if start else _NONE
        due, good = whole.due - before.due, whole.good - before.good
        if share := self.tolerated_shed.get(journey):
            due = tolerate(Tally(due, good, shed=whole.shed - before.shed), share).due
        return due, due - good
