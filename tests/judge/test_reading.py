"""The colours of a window: green, red, thin, unknown, at their boundaries."""

from __future__ import annotations

import pytest
from tests.judge.traffic import OBJECTIVES, healthy, hurting, second

from labctl.judge import Colour, allowed, first_red, read, red_now, red_share
from labctl.slo.sli import Second, Tally


@pytest.mark.parametrize(
    ("due", "target", "expected"),
    [
        (0, 0.99, 3),
        (150, 0.99, 3),
        (399, 0.99, 3),
        (400, 0.99, 4),
        (1000, 0.99, 10),
        (100, 0.9, 10),
        (5000, 0.999, 5),
        (100, 0.95, 5),
    ],
)
def test_allowance_is_three_or_the_budget_share(due: int, target: float, expected: int) -> None:
    """max(3, budget × N), exact where binary fractions are not."""
    assert allowed(due, target) == expected


@pytest.mark.parametrize(
    ("target", "share"), [(0.99, 0.05), (0.999, 0.05), (0.95, 0.25), (0.9, 0.5), (0.5, 1.0)]
)
def test_red_is_five_percent_or_five_budgets(target: float, share: float) -> None:
    """A looser objective has a wider red; a tighter one keeps 5 %."""
    assert red_share(target) == pytest.approx(share)


def with_failures(total: int, *, seconds: int = 40) -> list[Second]:
    """`total` failed checkouts, spread over the window from its start."""
    base, extra = divmod(total, seconds)
    return [second(n, failed={"checkout": base + (n <= extra)}) for n in range(1, seconds + 1)]


@pytest.mark.parametrize(
    ("failures", "colour"),
    [(0, Colour.GREEN), (4, Colour.GREEN), (5, Colour.THIN), (40, Colour.RED)],
)
def test_a_window_of_480_requests(failures: int, colour: Colour) -> None:
    """1 % of 480 is 4: green up to there, thin above, red once 10 s reach 5 %."""
    reading = read(with_failures(failures), OBJECTIVES)
    assert (reading.of("checkout").due, reading.of("checkout").failed) == (480, failures)
    assert reading.colour is colour


def test_ten_red_seconds_make_a_long_window_red() -> None:
    """An outage is not averaged away by a long stretch of good traffic after it."""
    reading = read([*hurting(3, failed=12), *healthy(400, first=4)], OBJECTIVES)
    assert reading.of("checkout").failed_share < 0.01
    assert reading.colour is Colour.RED


def test_too_few_requests_are_unknown_never_green() -> None:
    """24 s at 6/s are 144 requests, 25 s are 150."""
    assert read(healthy(24), OBJECTIVES).colour is Colour.UNKNOWN
    assert read(healthy(25), OBJECTIVES).colour is Colour.GREEN
    assert read(healthy(24), OBJECTIVES).missing() == ("order-status had 144 requests of 150 needed",)


def test_red_needs_no_hundred_and_fifty() -> None:
    """Users who fail are evidence however few they are; three failures are not yet."""
    assert read(hurting(5), OBJECTIVES).colour is Colour.RED
    assert read(hurting(3, failed=1), OBJECTIVES).colour is Colour.UNKNOWN


def test_one_red_journey_makes_the_window_red() -> None:
    """Checkout restored at the price of order status is not restored."""
    reading = read(hurting(30, journey="order-status", failed=3), OBJECTIVES)
    assert reading.colour is Colour.RED
    assert reading.of("checkout").colour is Colour.GREEN
    assert [str(each) for each in reading.unhappy()] == ["order-status 50 % of 99 %"]


def test_a_miss_never_reads_as_the_target() -> None:
    """98.96 % is shown as 98.9 %, not rounded up to 99 %."""
    assert str(read(with_failures(5), OBJECTIVES).of("checkout")) == "checkout 98.9 % of 99 %"


def test_a_scenario_may_ask_for_another_target() -> None:
    """At 90 % one failure in twelve is green; at 99 % it is red."""
    seconds = hurting(40, failed=1)
    assert read(seconds, OBJECTIVES).of("checkout").colour is Colour.RED
    assert read(seconds, {**OBJECTIVES, "checkout": 0.9}).of("checkout").colour is Colour.GREEN


def shedding(shed: int) -> list[Second]:
    tally = Tally(due=12, good=12 - shed, shed=shed)
    return [
        Second(s.number, s.wall_s, {**s.journeys, "checkout": tally}, s.expected, s.late_p99_ms)
        for s in healthy(40)
    ]


def test_shed_requests_are_bad_unless_tolerated() -> None:
    """A tolerated share is spared, what is above it is not, and the rest owe the full objective."""
    assert read(shedding(3), OBJECTIVES).colour is Colour.RED
    assert read(shedding(3), OBJECTIVES, tolerated_shed={"checkout": 0.25}).colour is Colour.GREEN
    assert read(shedding(4), OBJECTIVES, tolerated_shed={"checkout": 0.25}).colour is Colour.RED


def test_excluded_seconds_neither_count_nor_leave_a_gap() -> None:
    """A reset of the engine's own may hurt users without a trace in the reading."""
    seconds = [*healthy(20), *hurting(3, first=21, failed=12), *healthy(20, first=24)]
    assert read(seconds, OBJECTIVES).colour is Colour.RED
    reading = read(seconds, OBJECTIVES, excluded=[range(21, 24)])
    assert (reading.colour, reading.problems) == (Colour.GREEN, ())


def test_red_now_looks_at_ten_whole_seconds() -> None:
    """5 % of 120 requests is 6; fewer than ten seconds say nothing yet."""
    calm = healthy(10)
    assert not red_now([*calm, second(11, failed={"checkout": 5})], "checkout")
    assert red_now([*calm, second(11, failed={"checkout": 6})], "checkout")
    assert not red_now(hurting(9, failed=12), "checkout")


def test_red_now_forgives_three() -> None:
    """3 of 60 are 5 %, but three failures are green in any window."""
    few = [second(n, failed={"order-status": 3 if n == 10 else 0}) for n in range(1, 11)]
    assert not red_now(few, "order-status")


def test_first_red_names_the_second_of_the_breach() -> None:
    """4 of 12 failing from second 31 on reach 6 of 120 in the second one."""
    seconds = [*healthy(30), *hurting(10, first=31)]
    assert first_red(seconds, "checkout") == 32
    assert first_red(seconds, "checkout", after=35) == 36
    assert first_red(seconds, "product") is None
