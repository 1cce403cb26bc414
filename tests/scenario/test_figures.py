"""Figures: the numbers of a story, each told and measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import changed, written

from labctl.errors import Mistake
from labctl.scenario.asked import Figure
from labctl.scenario.lint import lint

ABOUT = "about: Somebody scaled checkout to nothing."


def figure(about: float) -> Figure:
    return Figure(say="so many", query="up", about=about)


@pytest.mark.parametrize(
    ("about", "value", "accepted"),
    [
        (10, 8.0, True),
        (10, 12.0, True),
        (10, 7.9, False),
        (10, 12.1, False),
        (0.5, 0.41, True),
        (10, "ten", False),
        (10, float("nan"), False),
    ],
)
def test_a_fifth_more_or_less_is_still_it(about: float, value: float | str, accepted: bool) -> None:
    """Either bound belongs to it; what is no number is never it."""
    assert figure(about).accepts(value) is accepted


def findings(folder: Path, story: str, say: str, about: str) -> list[Mistake]:
    """What lint says of one figure beside a debrief."""
    figures = f"figures:\n  - say: {say}\n    query: sum(up)\n    about: {about}\ndebrief:"
    text = changed(ABOUT, f"about: {story}").replace("debrief:", figures)
    return [each for each in lint(written(folder, text)) if "tell" in str(each)]


@pytest.mark.parametrize(
    ("story", "say", "about"),
    [
        ("It was held for 0.23 s.", "held for 0.23 s", "0.23"),
        ("It was held for 230 ms.", "held for 230 ms", "0.23"),
        ("Twelve came a second.", "twelve a second", "12"),
        ("Some 24,000 rows.", "24,000 rows", "24000"),
        ("Of these 40 % were late.", "40 % are late", "0.4"),
        ("The limit is 256 MB.", "at most 256 MB", str(256 * 2**20)),
    ],
)
def test_a_number_may_be_told_in_words_and_in_other_units(
    tmp_path: Path, story: str, say: str, about: str
) -> None:
    """Milliseconds for seconds, per cent for shares, megabytes for bytes."""
    assert findings(tmp_path, story, say, about) == []


def test_a_figure_tells_its_number(tmp_path: Path) -> None:
    """Else the sentence and what is measured drift apart; at its line."""
    (mistake,) = findings(tmp_path, "It was held for 0.23 s.", "held for 0.23 s", "0.5")
    assert "0.5 is measured, and this does not tell it" in str(mistake)
    assert not mistake.warning


def test_a_figure_is_a_number_of_the_story(tmp_path: Path) -> None:
    """What no learner reads is evidence, not a figure."""
    (mistake,) = findings(tmp_path, "It was held for 0.23 s.", "seven replicas", "7")
    assert "the story does not tell 7" in str(mistake)


def test_a_story_in_numbers_that_nothing_measures_is_warned_of(tmp_path: Path) -> None:
    """An author may leave it at that."""
    (mistake,) = lint(written(tmp_path, changed(ABOUT, "about: Twelve a second found 2 connections.")))
    assert "nothing measures the numbers that this tells" in str(mistake)
    assert mistake.warning
