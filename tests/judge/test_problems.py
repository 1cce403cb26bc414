"""What makes a stretch of seconds impossible to judge."""

from __future__ import annotations

import pytest
from tests.judge.traffic import OBJECTIVES, healthy, second

from labctl.judge import Colour, problems, read
from labctl.slo.sli import Second


def late(count: int, of: int) -> list[Second]:
    return [second(n, late_p99_ms=51.0 if n <= count else 50.0) for n in range(1, of + 1)]


@pytest.mark.parametrize(
    ("count", "of", "judged"), [(1, 15, True), (2, 30, False), (2, 40, True), (3, 40, False)]
)
def test_the_load_may_be_late_in_five_percent_of_seconds(count: int, of: int, judged: bool) -> None:
    """p99 of exactly 50 ms is in time; more than 5 % of seconds above it, and more than one, is too late."""
    assert (problems(late(count, of), OBJECTIVES) == ()) is judged


def test_lateness_that_is_no_number_counts_as_late() -> None:
    """A load that cannot say how late it was gets no benefit of the doubt."""
    seconds = [second(n, late_p99_ms=float("nan")) for n in range(1, 31)]
    assert "the load was late in 30 of 30 s" in problems(seconds, OBJECTIVES)[0]


def test_a_gap_is_named_by_its_seconds() -> None:
    """Missing numbers are a problem unless the engine's own reset took them."""
    seconds = [*healthy(10), *healthy(10, first=13)]
    assert problems(seconds, OBJECTIVES) == ("seconds 11–12 are missing",)
    assert problems(seconds, OBJECTIVES, excluded=[range(11, 13)]) == ()
    assert problems(seconds, OBJECTIVES, excluded=[range(11, 12)]) == ("seconds 12 are missing",)


@pytest.mark.parametrize("number", [10, 1])
def test_numbers_that_do_not_rise_are_a_restarted_load(number: int) -> None:
    """A second twice, or counting from 1 again, cannot be put together with what was before."""
    found = problems([*healthy(10), second(number, wall_s=1_700_000_011.0)], OBJECTIVES)
    assert found == (f"second {number} came after 10: the load was restarted",)


@pytest.mark.parametrize(("jump_s", "judged"), [(0.9, True), (-0.9, True), (1.5, False), (-3600.0, False)])
def test_a_jump_of_the_clock_is_found(jump_s: float, judged: bool) -> None:
    """The wall clock has to move with the numbers, to within a second."""
    seconds = [*healthy(10), second(11, wall_s=1_700_000_011.0 + jump_s)]
    assert (problems(seconds, OBJECTIVES) == ()) is judged


@pytest.mark.parametrize(("due", "judged"), [(11, True), (10, False), (0, False)])
def test_ninety_percent_of_the_expected_arrivals_must_come(due: int, judged: bool) -> None:
    """11 of 12 are 92 %, 10 of 12 are 83 %."""
    seconds = [second(n, due={"checkout": due}) for n in range(1, 31)]
    assert (problems(seconds, OBJECTIVES) == ()) is judged


def test_a_window_may_cut_the_schedule_by_one_request() -> None:
    """5 of 6 in a single second is how an even schedule looks through a short window; 4 is not."""
    assert problems([second(1, due={"order-status": 5})], OBJECTIVES) == ()
    assert problems([second(1, due={"order-status": 4})], OBJECTIVES) != ()


def test_an_absent_journey_is_a_problem_even_when_nobody_expected_it() -> None:
    """Every journey must be present; a profile without it proves nothing about it."""
    assert problems(healthy(30), {**OBJECTIVES, "search": 0.99}) == ("search had no arrivals in 30 s",)


def test_a_journey_without_objective_is_a_problem() -> None:
    """Users that nobody judges would suffer unseen."""
    wanted = {name: 0.99 for name in OBJECTIVES if name != "product"}
    assert problems(healthy(30), wanted) == ("product has arrivals and no objective",)


def test_no_seconds_at_all_are_a_problem() -> None:
    """No data is never a pass."""
    assert problems([], OBJECTIVES) == ("no second of traffic was recorded",)
    assert read([], OBJECTIVES).colour is Colour.UNKNOWN


def test_every_problem_is_reported_at_once() -> None:
    """A reader gets all reasons, not the first."""
    seconds = [*late(5, 10), *[second(n, due={"checkout": 0}) for n in range(12, 30)]]
    found = " | ".join(problems(seconds, OBJECTIVES))
    assert all(part in found for part in ("late", "missing", "checkout had"))
