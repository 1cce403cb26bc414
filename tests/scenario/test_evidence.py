"""Evidence: when a measured value is as a scenario says."""

from __future__ import annotations

import pytest

from labctl.scenario.asked import Evidence


def evidence(**bounds: float | str) -> Evidence:
    return Evidence.model_validate({"say": "so it is", "query": "up", **bounds})


@pytest.mark.parametrize(
    ("bounds", "value", "accepted"),
    [
        ({"above": 1}, 1.1, True),
        ({"above": 1}, 1, False),
        ({"below": 1}, 0.9, True),
        ({"below": 1}, 1, False),
        ({"above": 1, "below": 3}, 2, True),
        ({"above": 1, "below": 3}, 3, False),
        ({"equals": 2}, 2.0, True),
        ({"equals": 2}, "2", True),
        ({"equals": "on"}, "on", True),
        ({"equals": "on"}, "off", False),
        ({"above": 1}, "many", False),
        ({"above": 1}, float("nan"), False),
        ({"below": 1}, float("nan"), False),
    ],
)
def test_bounds_are_strict_and_no_number_satisfies_none(
    bounds: dict[str, float | str], value: float | str, accepted: bool
) -> None:
    """A bound itself is outside; what is no number is never within."""
    assert evidence(**bounds).accepts(value) is accepted


def test_it_says_what_is_required() -> None:
    """For messages: measured against required."""
    assert evidence(above=1, below=3).required() == "above 1 and below 3"
    assert evidence(equals=2).required() == "equal to 2"
