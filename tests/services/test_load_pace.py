"""The pace: seconds begin on time by the clock alone, and traffic changes at their edges."""

from __future__ import annotations

import json

from load.pace import Pace
from load.profiles import parse
from load.seconds import Seconds
from load.timetable import Timetable


class Clocks:
    """A monotonic and a wall clock that move when told."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self.offset_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.now_s + self.offset_s


def pace(clocks: Clocks) -> Pace:
    return Pace(Seconds(), Timetable("seed"), monotonic=clocks.monotonic, wall=clocks.wall)


def test_arrivals_are_due_within_their_second_however_late_they_are_asked_for() -> None:
    """A pacer that was held up for 3 s finds three seconds' arrivals, due when they were due."""
    clocks = Clocks()
    made = pace(clocks)
    made.begin_second()
    clocks.now_s += 4.0
    for number in (2, 3, 4):
        assert made.next_begins_s == 50.0 + number - 1
        due = made.begin_second()
        assert {second for _, second, _ in due} == {number}
        assert all(50.0 + number - 1 <= at < 50.0 + number for at, _, _ in due)


def test_a_second_says_when_it_began_by_the_wall_clock_of_that_moment() -> None:
    """A clock that jumps shows as a jump between two seconds."""
    clocks = Clocks()
    made = pace(clocks)
    for offset_s in (1000.0, 1000.0, 1030.0, 1030.0):
        clocks.offset_s = offset_s
        made.change(parse({"profile": "steady", "rate": 0}))
        made.begin_second()
        clocks.now_s += 1.0
    walls = [json.loads(encoded)["wall_s"] for encoded in made.seconds.after(0)]
    assert walls == [1050.0, 1051.0, 1082.0]


def test_other_traffic_begins_with_the_next_second_and_at_its_own_zero() -> None:
    """A ramp that is set in second 3 is at its start in second 4."""
    made = pace(Clocks())
    for _ in range(3):
        made.begin_second()
    made.change(parse({"profile": "ramp", "start": 7, "rate": 70, "seconds": 9}))
    assert made.since == 4
    assert len(made.begin_second()) <= 7 + 7  # fractions of seven journeys
    for _ in range(9):
        due = made.begin_second()
    assert 63 <= len(due) <= 77
