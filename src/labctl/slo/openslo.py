"""The SLOs as OpenSLO v1 files, one per journey; the alerts and the judge read the same ones.

The shop's own are in `slos/`, those of installed packages' journeys beside these (`installed`).
The threshold and the deadline, which OpenSLO has no field for, are annotations:
`incident-lab/threshold: 1s` and `incident-lab/deadline: 5s` under `metadata.annotations`; and so is the
`incident-lab/rate: 6/s` at which an installed package's journey is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl import assets, clock
from labctl.errors import InvalidFile, Mistake, UsageError
from labctl.slo import installed
from labctl.slo.openslo_file import DEADLINE, RATE, Slo, rate
from labctl.stack.strict_yaml import Document, did_you_mean, read
from labctl.stack.typed import typed


@dataclass(frozen=True)
class Objective:
    """What one journey promises its users: `target` of requests good within `threshold_s`.

    `deadline_s` is when a user gives up. `good` and `total` are PromQL selectors of counters. `rate` is
    visits per second at a weekday's peak, 0 for the shop's own, whose rates are the load's affair.
    """

    journey: str
    target: float
    threshold_s: float
    title: str
    promise: str = ""
    deadline_s: float = 5.0
    good: str = ""
    total: str = ""
    rate: float = 0.0

    @property
    def alert(self) -> str:
        return alert_of(self.journey)


def alert_of(journey: str) -> str:
    """The name of a journey's burn-rate alerts: `OrderStatusBudgetBurn`."""
    return "".join(word.capitalize() for word in journey.split("-")) + "BudgetBurn"


def objectives(folder: Path | None = None) -> list[Objective]:
    """Every objective in a folder, by default the shop's own and installed packages', in order of journey.

    InvalidFile with every mistake of every file; UsageError when there is no file.
    """
    own = folder or assets.path("slos")
    found = _load_all(sorted(own.glob("*.yaml")))
    if not found:
        raise UsageError(f"there is no SLO in {own}; write one, like checkout.yaml")
    return found if folder else sorted([*found, *brought()], key=lambda each: each.journey)


def brought() -> list[Objective]:
    """The objectives of installed packages' journeys, each with its rate."""
    return _load_all([each.slo for each in installed.journeys()], with_rate=True)


def is_slo(path: Path) -> bool:
    """Whether a file says that it is an SLO, well formed or not."""
    try:
        return bool(re.search(r"^kind: +SLO\b", path.read_text(encoding="utf-8"), re.MULTILINE))
    except (OSError, UnicodeDecodeError):
        return False


def lint(path: Path) -> list[Mistake]:
    """What is wrong with an SLO's file and, outside `slos/`, with the journey that a package brings by it."""
    own = path.resolve().parent == assets.path("slos").resolve()
    beside = [] if own else installed.mistakes(installed.Files(path.parent, path.stem))
    try:
        load(path, with_rate=not own)
    except InvalidFile as error:
        return [*beside, *error.mistakes]
    return beside


def _load_all(paths: Iterable[Path], *, with_rate: bool = False) -> list[Objective]:
    found: list[Objective] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            found.append(load(path, with_rate=with_rate))
        except InvalidFile as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidFile(mistakes)
    return found


def load(path: Path, *, with_rate: bool = False) -> Objective:
    """The objective in one file, which must say how many visits there are `with_rate`."""
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
        rate=rate(notes.rate) if notes.rate else 0.0,
    )
    mistakes = [*_disagreements(document, objective, path.stem)]
    if with_rate and not notes.rate:
        said = f"the key {RATE!r} is missing: load would never make this journey"
        mistakes.append(document.mistake(("metadata", "annotations"), said, "say how often, like 6/s"))
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
