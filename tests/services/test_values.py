"""What the text of a setting means."""

from __future__ import annotations

import pytest

from shared import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3s", 3.0), ("200ms", 0.2), ("5m", 300.0), ("2h", 7200.0), ("0.5", 0.5), (" 1s ", 1.0)],
)
def test_durations(text: str, seconds: float) -> None:
    """A duration is a figure and a unit; without one it is seconds."""
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "3 parsecs", "-1s", "inf", "nan", "10%", "1m30s"])
def test_no_durations(text: str) -> None:
    """What is not a duration is refused, not guessed."""
    with pytest.raises(ValueError):  # noqa: PT011 (float's own message is fine)
        values.duration(text)


def test_percentages() -> None:
    """A share is written in per cent and lies between 0 and 100."""
    assert values.percent("10%") == pytest.approx(0.1)
    for wrong in ("10", "0.1", "101%", "-1%", "x%"):
        with pytest.raises(ValueError, match=r"share|between|convert"):
            values.percent(wrong)


def test_switches() -> None:
    """Only on and off are switches: 1, true and yes are not."""
    assert values.switch("on")
    assert not values.switch("off")
    for wrong in ("1", "true", "yes", ""):
        with pytest.raises(ValueError, match="neither on nor off"):
            values.switch(wrong)


def test_numbers_are_finite() -> None:
    """Not a number and infinity are no settings."""
    assert values.number("12") == 12
    for wrong in ("nan", "inf", "-inf"):
        with pytest.raises(ValueError, match="no number"):
            values.number(wrong)
