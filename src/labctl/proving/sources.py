"""Where a scenario is written, so that a report can point at the line which a check is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labctl.errors import Mistake, UsageError
from labctl.proof import Check
from labctl.scenario import catalog, loader
from labctl.scenario.model import Scenario
from labctl.stack.strict_yaml import Document

_PLACES: dict[str, tuple[str | int, ...]] = {
    "green": ("load",),
    "red": ("expect", "red"),
    "page": ("expect", "page"),
    "calm": ("faults",),
    "rho": ("bottleneck", "rho"),
}


@dataclass(frozen=True)
class Source:
    """One scenario and its file."""

    path: Path
    scenario: Scenario

    @cached_property
    def document(self) -> Document:
        return loader.document(self.path)

    def mistake(self, check: Check) -> Mistake:
        """The check's words at the line that it is about."""
        return self.document.mistake(_place(self.scenario, check), check.said)


def every() -> list[Source]:
    """Every scenario that there is, ordered by code; InvalidFile with the mistakes of all files."""
    paths = {entry.id: entry.path for entry in catalog.entries()}
    return [Source(paths[scenario.id], scenario) for scenario in catalog.all()]


def named(names: list[str]) -> list[Source]:
    """The scenarios with these ids, codes or files, each once; UsageError for one that there is not."""
    paths = {entry.id: entry.path for entry in catalog.entries()}
    found: dict[str, Source] = {}
    for name in names:
        scenario = catalog.find(name)
        path = Path(name) if name.endswith((".yaml", ".yml")) else paths[scenario.id]
        if scenario.id in found and found[scenario.id].path.resolve() != path.resolve():
            raise UsageError(f"{scenario.id} is meant twice, by {found[scenario.id].path} and {path}")
        found[scenario.id] = Source(path, scenario)
    return list(found.values())


def _place(scenario: Scenario, check: Check) -> tuple[str | int, ...]:
    """The part of the file that a check is about; parts that it does not have are passed over."""
    groups = {
        "fix": ("fixes", [fix.name for fix in scenario.fixes]),
        "decoy": ("decoys", [decoy.name for decoy in scenario.decoys]),
        "evidence": ("evidence", [evidence.say for evidence in scenario.evidence]),
        "figure": ("figures", [figure.say for figure in scenario.figures]),
        "siblings": ("evidence", [evidence.say for evidence in scenario.evidence]),
    }
    if check.phase in groups:
        return _at(*groups[check.phase], check.name)
    return _PLACES.get(check.phase, ())


def _at(group: str, names: list[str], name: str) -> tuple[str | int, ...]:
    """One of a group by its name; the universal ones are declared elsewhere, if at all."""
    return (group, names.index(name)) if name in names else ("universal", name)
