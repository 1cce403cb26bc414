"""The seconds: what became of every arrival, numbered, complete, and told only when nothing can change."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

KEEP = 3600


class Fate(StrEnum):
    GOOD = "good"  # right, and within the threshold
    SLOW = "slow"  # right, and later than that
    BAD = "bad"  # wrong, or nothing by the deadline
    SHED = "shed"  # turned away on purpose


@dataclass
class Tally:
    """One journey in one second: how many were due, and the fates of those that are settled."""

    due: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))


@dataclass
class _Open:
    number: int
    wall_s: float
    expected: Mapping[str, float]
    tallies: dict[str, Tally]
    outstanding: int
    late_s: list[float] = field(default_factory=list)
    over: bool = False

    @property
    def final(self) -> bool:
        return self.over and not self.outstanding

    def encoded(self) -> bytes:
        plain = {
            "second": self.number,
            "wall_s": round(self.wall_s, 3),
            "journeys": {name: {"due": tally.due, **tally.fates} for name, tally in self.tallies.items()},
            "expected": self.expected,
            "late_p99_ms": round(p99(self.late_s) * 1000, 2),
        }
        return json.dumps(plain, separators=(",", ":")).encode()


class Seconds:
    """A second is final when it is over and each of its arrivals is settled; told in order, none left out.

    Final ones are kept encoded, the last hour of them: telling them costs no time that would make
    an arrival late.
    """

    def __init__(self, keep: int = KEEP) -> None:
        self._open: deque[_Open] = deque()
        self._by_number: dict[int, _Open] = {}
        self._final: deque[bytes] = deque(maxlen=keep)
        self._last_final = 0
        self.now = 0

    def begin(self, number: int, wall_s: float, expected: Mapping[str, float], due: Iterable[str]) -> None:
        """A second begins, the one before is over; `due` names the journey of each of its arrivals."""
        if number != self.now + 1:
            raise ValueError(f"second {number} cannot follow second {self.now}")
        if before := self._by_number.get(self.now):
            before.over = True
        tallies = {journey: Tally() for journey in expected}
        outstanding = 0
        for journey in due:
            tallies[journey].due += 1
            outstanding += 1
        second = _Open(number, wall_s, dict(expected), tallies, outstanding)
        self._open.append(second)
        self._by_number[number] = second
        self.now = number
        self._finish()

    def settle(self, number: int, journey: str, fate: Fate, late_s: float) -> None:
        """One arrival's fate, once; `late_s` is how late it was sent."""
        second = self._by_number[number]
        second.tallies[journey].fates[fate] += 1
        second.outstanding -= 1
        second.late_s.append(late_s)
        if second.final:
            self._finish()

    def after(self, number: int) -> list[bytes]:
        """Final seconds with a higher number, in order, as JSON."""
        first = self._last_final - len(self._final) + 1
        return list(self._final)[max(0, number + 1 - first) :]

    def _finish(self) -> None:
        while self._open and self._open[0].final:
            second = self._open.popleft()
            del self._by_number[second.number]
            self._final.append(second.encoded())
            self._last_final = second.number


def p99(values: list[float]) -> float:
    """The nearest-rank 99th percentile; 0 of nothing."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1] if values else 0.0
