"""What a scenario tells of itself, measured while users are hurt: evidence, and the numbers of its story."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.engine import phases
from labctl.engine.driver import Driver
from labctl.engine.phases import Shown
from labctl.lab.lab import Lab
from labctl.proof import Check, Grade
from labctl.scenario.model import Evidence, Figure, Scenario

SHOWN_WITHIN_S = 20.0
"""How long after the page a fact may need to show: what climbs or is scraped takes a moment."""


def told(lab: Lab, driver: Driver, scenario: Scenario) -> Iterator[Check]:
    """A check for each piece of evidence and each figure, as they are measured."""
    for evidence in scenario.evidence:
        shown = _shown(lab, driver, evidence)
        yield Check("evidence", evidence.say, _grade(shown), shown.said)
    for figure in scenario.figures:
        shown = _shown(lab, driver, figure)
        yield Check("figure", figure.say, _grade(shown), shown.said, _margin(figure, shown))


def _shown(lab: Lab, driver: Driver, asked: Evidence | Figure) -> Shown:
    """As soon as it holds; what it was last, if it never does."""
    shown = phases.show(lab, asked)

    def holds() -> bool:
        nonlocal shown
        shown = phases.show(lab, asked)
        return shown.holds

    if not shown.holds:
        driver.advance_until(holds, within_s=SHOWN_WITHIN_S)
    return shown


def _grade(shown: Shown) -> Grade:
    return Grade.PASSED if shown.holds else Grade.FAILED


def _margin(figure: Figure, shown: Shown) -> float | None:
    """What was left of the tolerance, 0..1; None where it was missed."""
    if not shown.holds or not isinstance(shown.value, float):
        return None
    return 1.0 - abs(shown.value - figure.about) / figure.tolerance
