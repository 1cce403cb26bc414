"""Entry points of installed packages: what they add to the lab, and which of them are broken.

    labctl.actions     a module with actions; importing it registers them
    labctl.scenarios   a package whose folder holds scenario files
    labctl.journeys    a package whose folder holds journeys, each with its SLO and runbook

Installing a package means trusting its code, which runs with the rights of whoever types `labctl`. A
folder of scenario files alone (`LABCTL_SCENARIOS`) is data, and runs nothing but the actions there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

ACTIONS, SCENARIOS, JOURNEYS = "labctl.actions", "labctl.scenarios", "labctl.journeys"


@dataclass(frozen=True)
class Broken:
    """An entry point that could not be loaded; labctl goes on without it."""

    package: str
    group: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.package} is installed and broken: {self.name!r} in {self.group}: {self.why}"


_broken: dict[tuple[str, str, str], Broken] = {}


def load(group: str) -> Iterator[tuple[EntryPoint, object]]:
    """Each entry point of a group with what it names; one that fails is noted instead, see `broken`."""
    for point in entry_points(group=group):
        try:
            loaded = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 — a third party's code may raise anything
            blame(point, f"{type(error).__name__}: {error}")
        else:
            yield point, loaded


def folders(group: str) -> Iterator[Path]:
    """The folder that each entry point of a group names, by a module beside its files or by a path.

    One that names no folder is noted as broken.
    """
    for point, named in load(group):
        places = [named] if isinstance(named, str | Path) else list(getattr(named, "__path__", []))
        folder = Path(places[0]) if places else None
        if folder and folder.is_dir():
            yield folder
        else:
            blame(point, f"{point.value} is neither a package nor a folder")


def blame(point: EntryPoint, why: str) -> None:
    """Note that an entry point is of no use, and why."""
    package = point.dist.name if point.dist else point.value
    _broken[package, point.group, point.name] = Broken(package, point.group, point.name, why)


def broken() -> list[Broken]:
    """Every entry point that was found to be of no use, so far."""
    return sorted(_broken.values(), key=str)
