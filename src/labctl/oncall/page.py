"""The page as it was sent: symptom, burn rate, what is left of the budget, the runbook, a human's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labctl.engine import machine
from labctl.errors import LabError, UsageError
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.oncall.state import NO_DRILL, NOT_PAGED
from labctl.scenario.model import Scenario
from labctl.slo.burn import PERIOD_S, burn_rate
from labctl.slo.openslo import Objective, objectives
from labctl.slo.sli import Second, Tally

RUNBOOK = "see who is hurt (labctl status) and what changed (labctl changes), then mitigate; labctl runbook"


@dataclass(frozen=True)
class Page:
    """`alert` and the measured parts are None where a human began it; `words` are the human's."""

    wall_s: float
    alert: str | None
    summary: str | None
    description: str | None
    runbook: str
    words: str | None
    journey: str | None = None
    burn: float | None = None  # times too fast, by the rules' fastest window
    budget_left: float | None = None  # of the compressed month's; below 0 when overdrawn


def page_of(lab: Lab, scenario: Scenario) -> Page:
    """The newest drill's page; UsageError before it came. What was measured is as it was then."""
    events = lab.journal.read()
    at = machine.fold(events)
    if at.phase is machine.Phase.NONE:
        raise UsageError(NO_DRILL, hint="labctl list, then labctl drill CODE")
    event = _newest(events)
    if event is None:
        raise UsageError(NOT_PAGED, hint="labctl status shows what users feel")
    return page_from(event, scenario, seconds_of(lab, at.begun))


def page_from(event: Event, scenario: Scenario, seconds: Sequence[Second]) -> Page:
    """The page that an event tells of; without seconds nothing is measured."""
    said = event.payload
    if event.kind == "page.told":
        return Page(event.wall_s, None, None, None, RUNBOOK, said["text"])
    journey = next((each for each in objectives() if each.alert == said["alert"]), None)
    until = [each for each in seconds if each.number <= said["second"]]
    measured = journey is not None and bool(until)
    return Page(
        wall_s=event.wall_s,
        alert=said["alert"],
        summary=said.get("summary"),
        description=said.get("description"),
        runbook=said.get("runbook", RUNBOOK),
        words=scenario.page,
        journey=journey.journey if journey else None,
        burn=said.get("burn"),
        budget_left=_left(journey, scenario, until) if journey and measured else None,
    )


def seconds_of(lab: Lab, after: int) -> Sequence[Second]:
    """What users felt, none when the load does not answer: the page came all the same."""
    try:
        return lab.load.poll(after=after).seconds
    except LabError:
        return ()


def _newest(events: Sequence[Event]) -> Event | None:
    for event in reversed(events):
        if event.kind in ("page.fired", "page.told"):
            return event
        if event.kind in ("drill.begun", "lab.reset"):
            return None
    return None


def _burn(objective: Objective, scenario: Scenario, seconds: Sequence[Second]) -> float:
    target = scenario.objectives.get(objective.journey, objective.target)
    return burn_rate(_tally(objective, seconds).failed_share, target)


def _left(objective: Objective, scenario: Scenario, seconds: Sequence[Second]) -> float:
    """The budget is the month's, as if it had been untouched when the drill began."""
    return 1 - _burn(objective, scenario, seconds) * len(seconds) / PERIOD_S


def _tally(objective: Objective, seconds: Sequence[Second]) -> Tally:
    return sum((each.journeys.get(objective.journey, Tally()) for each in seconds), start=Tally())
