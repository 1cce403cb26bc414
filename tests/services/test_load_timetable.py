"""The timetable: as many arrivals as asked for, spread over each second, the same for the same seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.timetable import Timetable

RATES = {"home": 6.0, "checkout": 12.0, "cart": 0.3}


@given(st.floats(0, 50), st.integers(1, 40))
def test_even_arrivals_miss_the_rate_by_less_than_one(rate: float, seconds: int) -> None:
    """Fractions are carried over: after any time, the count is rate times seconds, give or take one."""
    timetable = Timetable("seed")
    count = sum(len(timetable.second(number, {"home": rate})) for number in range(1, seconds + 1))
    assert abs(count - rate * seconds) < 1 + 1e-6


def test_a_whole_rate_is_met_in_every_second() -> None:
    """12 checkouts per second are 12 in each."""
    timetable = Timetable("seed")
    for number in range(1, 30):
        journeys = [journey for _, journey in timetable.second(number, RATES)]
        assert (journeys.count("home"), journeys.count("checkout")) == (6, 12)


def test_arrivals_are_in_order_and_spread_over_the_second() -> None:
    """Each of the slots of a journey has its arrival."""
    arrivals = Timetable("seed").second(1, {"home": 10.0})
    assert arrivals == sorted(arrivals)
    assert [int(at * 10) for at, _ in arrivals] == list(range(10))


def test_the_seed_decides() -> None:
    """The same seed plays the same arrivals; another one others."""
    one, same, other = Timetable("a"), Timetable("a"), Timetable("b")
    for number in range(1, 5):
        arrivals = one.second(number, RATES)
        assert arrivals == same.second(number, RATES)
        assert arrivals != other.second(number, RATES)


def test_poisson_arrivals_scatter_around_the_rate() -> None:
    """The mean is the rate and so is the variance, which even spacing does not have."""
    timetable = Timetable("seed")
    counts = [len(timetable.second(number, {"home": 20.0}, "poisson")) for number in range(1, 1001)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert mean == pytest.approx(20, rel=0.05)
    assert variance == pytest.approx(20, rel=0.2)


def test_no_rate_is_no_arrival() -> None:
    """Traffic can be switched off."""
    for spacing in ("even", "poisson"):
        assert Timetable("seed").second(1, {"home": 0.0}, spacing) == []
