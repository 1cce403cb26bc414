"""Journeys that packages bring: a file each in the settings folder, run like load's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from load.journeys.visit import Answer, Door, Visit
from shared.journeys import HEADER


class NoJourney(Exception):
    """A file that cannot be run; the message names it."""


@dataclass(frozen=True)
class Marked:
    """A door through which each request says whose it is."""

    door: Door
    journey: str

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.door.ask(method, path, body, {**(headers or {}), HEADER: self.journey})


def read(folder: Path, names: Iterable[str]) -> dict[str, Callable[[Visit], None]]:
    """What users of each journey do, from `<folder>/<journey>.py`; NoJourney when that cannot be run."""
    return {name: _marked(name, _visit_in(folder / f"{name}.py")) for name in names}


def _marked(journey: str, act: Callable[[Visit], None]) -> Callable[[Visit], None]:
    def visit(visit: Visit) -> None:
        act(replace(visit, door=Marked(visit.door, journey)))

    return visit


def _visit_in(path: Path) -> Callable[[Visit], None]:
    spec = spec_from_file_location(f"installed_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise NoJourney(f"{path} is no Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        found: Callable[[Visit], None] = module.visit
    except Exception as error:  # it is another's code, and may raise anything
        raise NoJourney(f"{path}: {type(error).__name__}: {error}") from error
    return found
