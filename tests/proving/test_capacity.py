"""How many labs a machine holds: calibrated by one lab, bounded by what is known, and said."""

from __future__ import annotations

import pytest

from labctl.proving.capacity import Calibration
from labctl.proving.conditions import Usage, conditions
from labctl.slo.sli import Second


@pytest.mark.parametrize(
    ("cores", "before", "with_one", "labs"),
    [
        (2, 0.02, 0.25, 2),  # known to be safe: 45 % of two cores together
        (2, 0.20, 0.43, 1),  # something else runs
        (2, 0.02, 0.60, 1),  # a lab that takes more here than elsewhere
        (1, 0.0, 0.45, 1),
        (8, 0.02, 0.04, 10),  # a calm moment promises no more than what is known of a lab
        (4, 0.90, 0.95, 1),  # there is always the one that was started
    ],
)
def test_labs_by_cores(cores: int, before: float, with_one: float, labs: int) -> None:
    """Up to 60 % of all cores, what runs beside it included."""
    assert Calibration(cores, before, with_one, free_mb=32_000, late_share=0.0).labs == labs


def test_memory_bounds_it_too() -> None:
    """A fault makes a lab grow."""
    assert Calibration(16, 0.0, 0.03, free_mb=1500, late_share=0.0).labs == 3


def test_a_load_that_is_late_already_gets_no_second_lab() -> None:
    """And the words say why."""
    late = Calibration(8, 0.0, 0.1, free_mb=32_000, late_share=0.2)
    assert late.labs == 1
    assert "over 50 ms late in 20% of seconds" in late.explain(1)


def test_it_says_what_was_measured() -> None:
    """In numbers that somebody can check."""
    said = Calibration(2, 0.02, 0.25, free_mb=32_000, late_share=0.0).explain(2)
    assert said == (
        "2 labs at once: 2 cores, 2% busy before, 25% with one lab; a lab is counted as 0.46 cores, "
        "up to 60% in all"
    )
    assert "(it holds 2; there is no more to share)" in Calibration(2, 0.02, 0.25, 32_000, 0.0).explain(1)


def test_the_busy_share_is_of_what_passed() -> None:
    """Two readings of the same moment say nothing, and do not divide by nothing."""
    assert Usage(30.0, 200.0).share_since(Usage(10.0, 100.0)) == pytest.approx(0.2)
    assert Usage(30.0, 200.0).share_since(Usage(30.0, 200.0)) == 0.0


def test_conditions_sum_up_the_loads_own_lateness() -> None:
    """Its p99 over the seconds, and how many the judge would not believe."""
    seconds = [Second(n, float(n), {}, {}, 120.0 if n > 98 else 2.0) for n in range(1, 101)]
    found = conditions("decoys", 0.25, 2, seconds)
    assert (found.late_seconds, found.seconds, found.late_p99_ms) == (2, 100, 120.0)
    assert conditions("decoys", 0.0, 2, []).late_p99_ms == 0.0
