"""Numbers from Prometheus as people read them."""

import math

import pytest

from labctl.cli import query


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3.0, "3"),
        (0.123456, "0.1235"),
        (1234567.0, "1,234,567"),
        (math.nan, "–"),
        (math.inf, "inf"),
        (12.5, "12.5"),
    ],
)
def test_numbers_are_short_and_whole_ones_whole(value: float, shown: str) -> None:
    """Four significant digits are enough to decide by."""
    assert query.number(value) == shown


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    """One bar a value, a gap where there is none."""
    assert query.sparkline([0, 7, math.nan, 3.5]) == "▁█ ▅"


def test_a_flat_series_is_a_flat_line() -> None:
    """No spread is no division by zero."""
    assert query.sparkline([5, 5, 5]) == "▁▁▁"
    assert query.sparkline([math.nan, math.nan]) == "  "


def test_a_long_series_keeps_its_peak() -> None:
    """A single high second is what someone looks for."""
    values = [0.0] * 300
    values[151] = 9.0
    line = query.sparkline(values)
    assert len(line) == query.BARS
    assert line.count("█") == 1


def test_what_all_series_share_is_left_out_of_their_names() -> None:
    """The labels that differ are the ones to read."""
    labels = [
        {"__name__": "db_pool_size", "job": "checkout", "replica": "checkout-1"},
        {"__name__": "db_pool_size", "job": "checkout", "replica": "checkout-2"},
    ]
    assert query.names(labels) == ["replica=checkout-1", "replica=checkout-2"]
    assert query.names(labels[:1]) == ["db_pool_size job=checkout replica=checkout-1"]
    assert query.names([{}]) == ["value"]
