"""Profiles: rates as pure functions of the second, and mistakes in them."""

from __future__ import annotations

from typing import Any

import pytest

from load.profiles import DEFAULT, KINDS, WEEKDAY, InvalidProfile, parse


def total(second: int, **plain: Any) -> float:
    return sum(parse(plain).rates(second).values())


def test_the_default_is_a_weekdays_peak() -> None:
    """52 arrivals per second, 12 of them checkouts, at all times."""
    assert DEFAULT.rates(0) == pytest.approx(WEEKDAY)
    assert DEFAULT.rates(3600) == DEFAULT.rates(0)
    assert DEFAULT.plain() == {"profile": "weekday-peak", "rate": 52.0, "spacing": "even"}


def test_a_rate_scales_the_mix() -> None:
    """26 per second is half of everything."""
    rates = parse({"profile": "weekday-peak", "rate": 26}).rates(0)
    assert rates["checkout"] == pytest.approx(6)
    assert sum(rates.values()) == pytest.approx(26)


def test_steady_is_the_same_for_each_journey() -> None:
    """No mix: every journey has enough arrivals to be judged."""
    assert set(parse({"profile": "steady", "rate": 70}).rates(9).values()) == {10.0}


def test_ramp_rises_evenly_and_stays() -> None:
    """From start to rate over its seconds."""
    ramp = {"profile": "ramp", "start": 10, "rate": 50, "seconds": 20}
    assert [total(second, **ramp) for second in (0, 5, 20, 99)] == pytest.approx([10, 20, 50, 50])


def test_burst_alternates() -> None:
    """High, then low, from the first second on."""
    burst = {"profile": "burst", "rate": 10, "high": 3, "low": 0.5, "on": 2, "off": 3}
    expected = [30, 30, 5, 5, 5] * 2
    assert [total(second, **burst) for second in range(10)] == pytest.approx(expected)


def test_surge_begins_and_may_end() -> None:
    """0 seconds is a surge that stays."""
    surge = {"profile": "surge", "rate": 10, "times": 5, "after": 3}
    assert [total(second, **surge) for second in (2, 3, 999)] == pytest.approx([10, 50, 50])
    assert [total(second, **surge, seconds=2) for second in (4, 5)] == pytest.approx([50, 10])


def test_single_journeys_may_have_rates_of_their_own() -> None:
    """The others stay as the profile has them."""
    rates = parse({"profile": "weekday-peak", "journeys": {"checkout": 14, "home": 0}}).rates(0)
    assert (rates["checkout"], rates["home"], rates["cart"]) == (14, 0, 6)


@pytest.mark.parametrize("name", list(KINDS))
def test_a_profile_is_told_as_it_can_be_set(name: str) -> None:
    """What GET /profile says, PUT /profile takes."""
    traffic = parse({"profile": name, "rate": 20, "journeys": {"cart": 3}, "spacing": "poisson"})
    assert parse(traffic.plain()) == traffic


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({"profile": "weekend"}, ["'weekend'", "weekday-peak, steady, ramp, burst, surge"]),
        ({}, ["None", "steady"]),
        ({"profile": "steady", "times": 3}, ["no 'times'", "rate"]),
        ({"profile": "steady", "rate": "40/s"}, ["rate is '40/s'"]),
        ({"profile": "steady", "rate": -1}, ["rate is -1"]),
        ({"profile": "steady", "rate": True}, ["rate is True"]),
        ({"profile": "steady", "rate": float("nan")}, ["rate is nan"]),
        ({"profile": "ramp", "seconds": 0}, ["above 0"]),
        ({"profile": "steady", "spacing": "odd"}, ["'odd'", "even, poisson"]),
        ({"profile": "steady", "journeys": {"login": 1}}, ["'login'", "order-status"]),
        ({"profile": "steady", "journeys": 5}, ["journeys"]),
        ({"profile": "steady", "rate": "x", "speed": 1, "journeys": {"cart": -1}}, ["rate", "speed", "cart"]),
    ],
)
def test_mistakes_are_named_all_at_once(plain: dict[str, Any], said: list[str]) -> None:
    """Each error names what is wrong and what there is instead."""
    with pytest.raises(InvalidProfile) as error:
        parse(plain)
    assert all(part in str(error.value) for part in said)
