"""Figures: the numbers that a story tells, which whoever looks for them must be able to measure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isclose

from labctl.scenario.model import Scenario
from labctl.scenario.quality import Finding

_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_ONES += " seventeen eighteen nineteen twenty"
_WORDS = {word: float(number) for number, word in enumerate(_ONES.split(), start=1)}
_WORDS |= {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "hundred": 100.0, "thousand": 1000.0}
_NUMBER = re.compile(rf"\d+(?:,\d{{3}})*(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_SCALES = (1.0, 1e-3, 1e3, 1e-2, 1e6, 2.0**20)
"""A story may say 230 ms where a query gives 0.23 s, 40 % for 0.4, and 60 MB for bytes."""


def figures(scenario: Scenario) -> Iterator[Finding]:
    """Figures that are not the story's, and a story whose numbers nothing measures."""
    story = set(_numbers(_story(scenario)))
    for index, figure in enumerate(scenario.figures):
        place = ("figures", index, "say")
        told = [each for each in _numbers(figure.say) if _is(each, figure.about)]
        if not told:
            yield Finding(place, f"{figure.about:g} is measured, and this does not tell it")
        elif not story.intersection(told):
            yield Finding(
                place, f"the story does not tell {told[0]:g}: a figure is a number that a learner reads"
            )
    if not scenario.figures and _numbers(scenario.debrief.about):
        unproven = "nothing measures the numbers that this tells; name those that matter under `figures`"
        yield Finding(("debrief", "about"), unproven, warning=True)


def _story(scenario: Scenario) -> str:
    debrief = scenario.debrief
    answers = [text for each in debrief.questions for text in (each.ask, each.answer)]
    hints = [hint.text for hint in scenario.hints]
    whys = [*(fix.why or "" for fix in scenario.fixes), *(decoy.why or "" for decoy in scenario.decoys)]
    about = [scenario.briefing, debrief.about, *debrief.contributing_factors, *debrief.fix_for_good]
    return "\n".join([*about, *answers, *hints, *whys])


def _numbers(text: str) -> list[float]:
    words = [match.group().lower() for match in _NUMBER.finditer(text)]
    return [_WORDS.get(word) or float(word.replace(",", "")) for word in words]


def _is(number: float, about: float) -> bool:
    return any(isclose(number * scale, about, rel_tol=0.01) for scale in _SCALES)
