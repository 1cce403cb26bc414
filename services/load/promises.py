"""What each journey promises, read from the OpenSLO files that also make the alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")
_UNIT_S = {"ms": 0.001, "s": 1.0}


class NoPromise(Exception):
    """The SLO files do not say what load must know: guessing would make it judge by other rules."""


@dataclass(frozen=True)
class Promise:
    """A good answer comes within `threshold_s`; after `deadline_s` the user has gone."""

    threshold_s: float
    deadline_s: float


def read(folder: Path, journeys: Iterable[str]) -> dict[str, Promise]:
    """The promise of every journey, from `<folder>/<journey>.yaml`; NoPromise with all that is missing."""
    found: dict[str, Promise] = {}
    wrong: list[str] = []
    for journey in journeys:
        try:
            found[journey] = _promise(folder / f"{journey}.yaml")
        except NoPromise as error:
            wrong.append(str(error))
    if wrong:
        raise NoPromise("; ".join(wrong))
    return found


def _promise(path: Path) -> Promise:
    try:
        slo = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise NoPromise(f"{path}: {error}") from None
    notes = _inside(_inside(slo, "metadata"), "annotations")
    return Promise(
        threshold_s=_duration(path, notes, "incident-lab/threshold"),
        deadline_s=_duration(path, notes, "incident-lab/deadline"),
    )


def _inside(plain: Any, name: str) -> Any:
    return plain.get(name) if isinstance(plain, dict) else None


def _duration(path: Path, notes: Any, name: str) -> float:
    text = _inside(notes, name)
    match = _DURATION.fullmatch(str(text))
    if not match:
        raise NoPromise(f"{path}: annotation {name} is {text!r}, not a number and ms or s")
    return float(match[1]) * _UNIT_S[match[2]]
