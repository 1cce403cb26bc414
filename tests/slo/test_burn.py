"""The burn-rate policy and its arithmetic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import COMPRESSION
from labctl.slo.burn import PAGES, PERIOD_S, POLICY, BurnAlert, Severity, budget_spent, burn_rate, first_page

FAST, SLOW, TICKET = POLICY


def test_the_policy_is_the_workbooks_divided_by_the_compression() -> None:
    """Windows shrink sixty-fold; burn rates, budget shares and the ratio of the windows stay."""
    assert COMPRESSION == 60
    assert [(each.long_s, each.short_s) for each in POLICY] == [(60, 5), (360, 30), (1440, 120)]
    assert [each.burn for each in POLICY] == [14.4, 6, 3]
    assert [each.budget_share for each in POLICY] == pytest.approx([0.02, 0.05, 0.10])
    assert all(each.long_s == 12 * each.short_s for each in POLICY)
    assert PAGES == (FAST, SLOW)
    assert TICKET.severity is Severity.TICKET


@pytest.mark.parametrize(
    ("alert", "error_ratio", "seconds"),
    [(FAST, 1.0, 8.64), (FAST, 0.2, 43.2), (FAST, 0.3, 28.8), (SLOW, 1.0, 21.6), (SLOW, 0.07, 308.6)],
)
def test_detection_is_window_times_burn_times_budget_over_errors(
    alert: BurnAlert, error_ratio: float, seconds: float
) -> None:
    """The workbook's formula, once a whole window of healthy requests has been counted."""
    assert alert.detection_s(0.99, error_ratio) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(("alert", "error_ratio"), [(FAST, 0.07), (FAST, 0.144), (SLOW, 0.05), (TICKET, 0.0)])
def test_what_burns_too_slowly_never_fires(alert: BurnAlert, error_ratio: float) -> None:
    """At or under burn × budget there is no detection time."""
    assert alert.detection_s(0.99, error_ratio) is None


def test_young_series_let_the_slow_page_fire_first() -> None:
    """After a minute of warm-up the six-minute window holds one minute, and 20 % cross it in 26 s."""
    expected = [(0.2, 60, SLOW, 25.7), (0.2, 1000, FAST, 43.2), (1.0, 60, SLOW, 3.83), (1.0, 400, FAST, 8.64)]
    for error_ratio, elapsed, alert, seconds in expected:
        first = first_page(0.99, error_ratio, elapsed)
        assert first is not None
        assert first[0] is alert
        assert first[1] == pytest.approx(seconds, abs=0.05)
    assert first_page(0.99, 0.05) is None


@given(
    alert=st.sampled_from(POLICY),
    error_ratio=st.floats(0.01, 1),
    elapsed=st.integers(0, 2000),
)
def test_detection_agrees_with_counting_second_by_second(
    alert: BurnAlert, error_ratio: float, elapsed: int
) -> None:
    """The closed form is the first moment at which both windows, filled with what elapsed, are over."""

    def over(seconds: float) -> bool:
        return all(
            error_ratio * min(seconds, window) / min(window, elapsed + seconds) > alert.threshold(0.99)
            for window in (alert.long_s, alert.short_s)
        )

    seconds = alert.detection_s(0.99, error_ratio, elapsed)
    if seconds is None:
        assert not any(over(each) for each in (1, 10, 100, 1440, 5000))
    else:
        assert over(seconds + 0.01)
        assert seconds < 0.01 or not over(seconds - 0.01)


def test_burn_rate_and_budget() -> None:
    """1 % of errors at 99 % burns exactly the budget over the period; a short full outage much of it."""
    assert burn_rate(0.01, 0.99) == pytest.approx(1)
    assert burn_rate(1.0, 0.99) == pytest.approx(100)
    assert budget_spent(0.01, 0.99, PERIOD_S) == pytest.approx(1)
    assert budget_spent(1.0, 0.99, 432) == pytest.approx(1)
    assert math.isclose(budget_spent(FAST.threshold(0.99), 0.99, FAST.long_s), FAST.budget_share)


def test_the_fast_page_clears_soon_after_the_last_error() -> None:
    """Only the short window has to forget: 1 to 5 s."""
    assert FAST.clear_s(0.99, 0.2) == pytest.approx(1.4)
    assert FAST.clear_s(0.99, 1.0) == pytest.approx(4.28)
