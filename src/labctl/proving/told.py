"""What a scenario tells of itself, measured while users are hurt: evidence, and the numbers of its story."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from labctl.engine import phases
from labctl.engine.driver import Driver
from labctl.engine.phases import Shown
from labctl.lab.lab import Lab
from labctl.proof import Check, Grade
from labctl.scenario.asked import Evidence, Figure
from labctl.scenario.model import Scenario

SHOWN_WITHIN_S = 20.0
"""How long after the page a fact may need to show: what climbs or is scraped takes a moment."""
SETTLED = 0.5
"""The margin from which on a figure is taken: what climbs through its band is not yet where it stays."""


def told(lab: Lab, driver: Driver, scenario: Scenario) -> Iterator[Check]:
    """A check for each piece of evidence and each figure, as they are measured."""
    for evidence in scenario.evidence:
        shown = _shown(lab, driver, evidence, lambda shown: shown.holds)
        yield Check("evidence", evidence.say, _grade(shown), shown.said)
    for figure in scenario.figures:
        shown = _shown(lab, driver, figure, lambda shown: (_margin(shown) or 0.0) >= SETTLED)
        yield Check("figure", figure.say, _grade(shown), shown.said, _margin(shown))


def _shown(lab: Lab, driver: Driver, asked: Evidence | Figure, enough: Callable[[Shown], bool]) -> Shown:
    """As soon as it is enough; what it was last, if it never is."""
    shown = phases.show(lab, asked)

    def is_enough() -> bool:
        nonlocal shown
        shown = phases.show(lab, asked)
        return enough(shown)

    if not enough(shown):
        driver.advance_until(is_enough, within_s=SHOWN_WITHIN_S)
    return shown


def _grade(shown: Shown) -> Grade:
    return Grade.PASSED if shown.holds else Grade.FAILED


def _margin(shown: Shown) -> float | None:
    """What was left of a figure's tolerance, 0..1; None where it was missed."""
    figure = shown.asked
    if not isinstance(figure, Figure) or not shown.holds or not isinstance(shown.value, float):
        return None
    return 1.0 - abs(shown.value - figure.about) / figure.tolerance
