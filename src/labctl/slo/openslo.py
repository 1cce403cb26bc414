"""The SLOs as OpenSLO v1 files in `slos/`, one per journey; the alerts and the judge read the same ones.

The threshold and the deadline, which OpenSLO has no field for, are annotations:
`incident-lab/threshold: 1s` and `incident-lab/deadline: 5s` under `metadata.annotations`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl import assets, clock
from labctl.errors import InvalidFile, Mistake, UsageError
from labctl.slo.openslo_file import DEADLINE, Slo
from labctl.stack.strict_yaml import Document, did_you_mean, read
from labctl.stack.typed import typed


@dataclass(frozen=True)
class Objective:
    """What one journey promises its users: `target` of requests good within `threshold_s`.

    `deadline_s` is when a user gives up. `good` and `total` are PromQL selectors of counters.
    """

    journey: str
    target: float
    threshold_s: float
    title: str
    promise: str = ""
    deadline_s: float = 5.0
    good: str = ""
    total: str = ""

    @property
    def alert(self) -> str:
        """The name of its burn-rate alerts: `OrderStatusBudgetBurn`."""
        return "".join(word.capitalize() for word in self.journey.split("-")) + "BudgetBurn"


def objectives(folder: Path | None = None) -> list[Objective]:
    """Every objective in a folder, by default the lab's own, in order of journey.

    InvalidFile with every mistake of every file; UsageError when there is no file.
    """
    folder = folder or assets.path("slos")
    found: list[Objective] = []
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found.append(load(path))
        except InvalidFile as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidFile(mistakes)
    if not found:
        raise UsageError(f"there is no SLO in {folder}; write one, like checkout.yaml")
    return found


def load(path: Path) -> Objective:
    """The objective in one file."""
    document = read(path)
    slo = typed(document, Slo)
    notes = slo.metadata.annotations
    metric = slo.spec.indicator.spec.ratio
    objective = Objective(
        journey=slo.metadata.name,
        target=slo.spec.objectives[0].target,
        threshold_s=clock.seconds(notes.threshold),
        title=slo.metadata.title,
        promise=" ".join(slo.spec.description.split()),
        deadline_s=clock.seconds(notes.deadline),
        good=metric.good.source.spec.query,
        total=metric.total.source.spec.query,
    )
    mistakes = [*_disagreements(document, objective, path.stem)]
    if mistakes:
        raise InvalidFile(mistakes)
    return objective


def _disagreements(document: Document, objective: Objective, stem: str) -> list[Mistake]:
    """Where parts of the file contradict each other; any of them would make alerts and judge disagree."""
    mistakes = []
    journey, ratio = objective.journey, ("spec", "indicator", "spec", "ratioMetric")
    if journey != stem:
        said = f"the journey is {journey!r} and the file is called {stem!r}"
        mistakes.append(document.mistake(("metadata", "name"), said, did_you_mean(journey, [stem])))
    if objective.threshold_s >= objective.deadline_s:
        said = (
            f"the deadline {objective.deadline_s:g} s is not above the threshold {objective.threshold_s:g} s"
        )
        mistakes.append(document.mistake(("metadata", "annotations", DEADLINE), said))
    needed = {"good": {"journey": journey, "outcome": "good"}, "total": {"journey": journey}}
    for side, expected in needed.items():
        labels = dict(re.findall(r'(\w+)\s*=\s*"([^"]*)"', getattr(objective, side)))
        for label, value in expected.items():
            if labels.get(label) != value:
                said = f'the query must select {label}="{value}", not {_selected(labels, label)}'
                place = (*ratio, side, "metricSource", "spec", "query")
                mistakes.append(document.mistake(place, said))
    return mistakes


def _selected(labels: Mapping[str, str], label: str) -> str:
    return f'{label}="{labels[label]}"' if label in labels else f"any {label}"
