"""What the shop's users experienced, second by second, as `load` counted it: the judge's only witness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tally:
    """The requests of one journey that were due in one second.

    `due = good + slow + bad + shed`. `good`: right content within the journey's threshold, measured
    from the moment it was due. `slow`: right but late. `bad`: wrong, failed, or given up at the
    journey's deadline. `shed`: turned away on purpose (429, or 503 with Retry-After).
    """

    due: int = 0
    good: int = 0
    slow: int = 0
    bad: int = 0
    shed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.due + other.due,
            self.good + other.good,
            self.slow + other.slow,
            self.bad + other.bad,
            self.shed + other.shed,
        )

    @property
    def failed(self) -> int:
        """Every request that was not good."""
        return self.due - self.good

    @property
    def failed_share(self) -> float:
        """`failed` of `due`, 0..1; 0 when nothing was due."""
        return self.failed / self.due if self.due else 0.0


@dataclass(frozen=True)
class Second:
    """One final second: all its requests have answered or passed their deadline."""

    number: int  # counts from 1 since the load process started; never repeats within one `run`
    wall_s: float  # when it began
    journeys: Mapping[str, Tally]
    expected: Mapping[str, float]  # arrivals per second that the profile asked for
    late_p99_ms: float  # how late the load itself sent; its own health, not the shop's

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Second:
        return cls(
            number=plain["second"],
            wall_s=plain["wall_s"],
            journeys={name: Tally(**counts) for name, counts in plain["journeys"].items()},
            expected=plain["expected"],
            late_p99_ms=plain["late_p99_ms"],
        )


@dataclass(frozen=True)
class Sli:
    """One look at the load: which process it is, the second in progress, and final seconds in order."""

    run: str
    now: int
    seconds: tuple[Second, ...]

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Sli:
        seconds = tuple(Second.from_plain(second) for second in plain["seconds"])
        return cls(run=plain["run"], now=plain["now"], seconds=seconds)
