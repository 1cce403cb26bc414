"""Seconds: complete, in order, told once they cannot change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.seconds import Fate, Seconds, p99

RATES = {"home": 2.0, "cart": 1.0}


def told(seconds: Seconds, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(encoded) for encoded in seconds.after(after)]


def numbers(seconds: Seconds, after: int = 0) -> list[int]:
    return [second["second"] for second in told(seconds, after)]


def test_a_second_tells_what_became_of_each_arrival() -> None:
    """Due and fates by journey, the expected rates, the lateness, when it began."""
    seconds = Seconds()
    seconds.begin(1, 100.5, RATES, ["home", "home", "cart"])
    seconds.begin(2, 101.5, RATES, [])
    seconds.settle(1, "home", Fate.GOOD, 0.001)
    seconds.settle(1, "cart", Fate.SHED, 0.002)
    seconds.settle(1, "home", Fate.SLOW, 0.004)
    assert told(seconds) == [
        {
            "second": 1,
            "wall_s": 100.5,
            "journeys": {
                "home": {"due": 2, "good": 1, "slow": 1, "bad": 0, "shed": 0},
                "cart": {"due": 1, "good": 0, "slow": 0, "bad": 0, "shed": 1},
            },
            "expected": RATES,
            "late_p99_ms": 4.0,
        }
    ]


def test_a_second_is_not_final_before_it_is_over() -> None:
    """All answered early is not the end: more may be due."""
    seconds = Seconds()
    seconds.begin(1, 0, RATES, ["home"])
    seconds.settle(1, "home", Fate.GOOD, 0)
    assert numbers(seconds) == []
    seconds.begin(2, 1, RATES, [])
    assert numbers(seconds) == [1]


def test_a_second_waits_for_its_last_answer_and_so_do_later_ones() -> None:
    """A reader who asks for what comes after N must never miss a second that was late."""
    seconds = Seconds()
    seconds.begin(1, 0, RATES, ["home"])
    seconds.begin(2, 1, RATES, ["home"])
    seconds.begin(3, 2, RATES, [])
    seconds.settle(2, "home", Fate.GOOD, 0)
    assert numbers(seconds) == []
    seconds.settle(1, "home", Fate.BAD, 0)
    assert numbers(seconds) == [1, 2]


def test_only_later_seconds_are_told_and_only_the_last_hour_is_kept() -> None:
    """`after` works whatever has been forgotten meanwhile."""
    seconds = Seconds(keep=3)
    for number in range(1, 8):
        seconds.begin(number, number, RATES, [])
    assert numbers(seconds) == [4, 5, 6]
    assert numbers(seconds, after=5) == [6]
    assert numbers(seconds, after=6) == []
    assert numbers(seconds, after=99) == []


def test_seconds_cannot_be_left_out() -> None:
    """A gap would be a second that nobody judges."""
    with pytest.raises(ValueError, match="second 2 cannot follow second 0"):
        Seconds().begin(2, 0, RATES, [])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_nothing_is_lost_and_nothing_is_told_twice(dues: list[int], source: Any) -> None:
    """Whatever the order of answers: each second once, in order, and due is the sum of the fates."""
    seconds, outstanding = Seconds(), []
    seen: list[dict[str, Any]] = []

    def poll() -> None:
        seen.extend(told(seconds, after=seen[-1]["second"] if seen else 0))

    for number, due in enumerate(dues, start=1):
        seconds.begin(number, number, RATES, ["home"] * due)
        outstanding += [number] * due
        source.shuffle(outstanding)
        for _ in range(source.randint(0, len(outstanding))):
            seconds.settle(outstanding.pop(), "home", source.choice(list(Fate)), 0)
            poll()
    seconds.begin(len(dues) + 1, 0, RATES, [])
    for number in outstanding:
        seconds.settle(number, "home", Fate.BAD, 0)
    poll()
    assert [second["second"] for second in seen] == list(range(1, len(dues) + 1))
    for second, due in zip(seen, dues, strict=True):
        home = second["journeys"]["home"]
        assert home["due"] == due == sum(home[fate] for fate in Fate)


def test_p99_is_the_nearest_rank() -> None:
    """Of a hundred values the second highest is not yet the 99th percentile's upper neighbour."""
    assert p99([]) == 0
    assert p99([5.0]) == 5
    assert p99([float(value) for value in range(1, 101)]) == 99
    assert p99([float(value) for value in range(1, 53)]) == 52
