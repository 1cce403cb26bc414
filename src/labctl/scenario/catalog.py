"""Which scenarios there are: the lab's own, installed packages', and those of $LABCTL_SCENARIOS.

A package names its folder by an entry point in group `labctl.scenarios`: a module beside the files, or a
path. A folder of $LABCTL_SCENARIOS needs no package, and is data: no code of it ever runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl import assets, extensions
from labctl.errors import InvalidFile, Mistake, UsageError
from labctl.scenario.loader import document, load
from labctl.scenario.model import Scenario
from labctl.stack.strict_yaml import did_you_mean

VARIABLE = "LABCTL_SCENARIOS"
DRAFTS = "drafts"
"""A folder of this name holds what is not proven yet: it is found by its path alone, and never drilled."""
_NAME = re.compile(r"""^(id|code|family):[ ]+(["']?)([\w.-]+)\2[ ]*(?:#.*)?$""", re.MULTILINE)
"""How a file says its names: at the beginning of a line, where nothing but its own keys can stand."""


@dataclass(frozen=True)
class Entry:
    """A scenario file by its names alone, which are "" where the file does not say."""

    path: Path
    id: str
    code: str
    family: str


def folders(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Where scenarios are looked for: the lab's own folder, installed packages', then the user's."""
    own = assets.root() / "scenarios"
    listed = (os.environ if environment is None else environment).get(VARIABLE, "")
    theirs = [Path(each).expanduser() for each in listed.split(os.pathsep) if each]
    for folder in theirs:
        if not folder.is_dir():
            raise UsageError(f"{VARIABLE} names {folder}, which is no folder")
    return [*([own] if own.is_dir() else []), *extensions.folders(extensions.SCENARIOS), *theirs]


def entries(environment: Mapping[str, str] | None = None) -> list[Entry]:
    """Every scenario file, ordered by code; two with one name are a UsageError."""
    found = [_entry(path) for folder in folders(environment) for path in _files(folder)]
    taken: dict[str, Path] = {}
    for entry in found:
        for name in filter(None, {entry.id, entry.code}):
            if name in taken:
                raise UsageError(f"{name!r} is the name of two scenarios: {taken[name]} and {entry.path}")
            taken[name] = entry.path
    return sorted(found, key=lambda entry: (entry.code, entry.id, entry.path))


def find(name: str, *, environment: Mapping[str, str] | None = None) -> Scenario:
    """The scenario with this id or code, or in this file; UsageError when there is none."""
    if name.endswith((".yaml", ".yml")) or os.sep in name:
        return load(Path(name))
    known = entries(environment)
    for entry in known:
        if name and name in (entry.id, entry.code):
            return load(entry.path)
    near = did_you_mean(name, [each for entry in known for each in (entry.code, entry.id) if each])
    raise UsageError(
        f"there is no scenario {name!r}" + (f"; {near}" if near else ""), hint="labctl list shows them all"
    )


def all(*, environment: Mapping[str, str] | None = None) -> list[Scenario]:  # noqa: A001 — catalog.all() reads well
    """Every scenario, ordered by code; InvalidFile with the mistakes of all files that have any."""
    scenarios: list[Scenario] = []
    mistakes: list[Mistake] = []
    for entry in entries(environment):
        try:
            scenarios.append(load(entry.path))
        except InvalidFile as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidFile(mistakes)
    return scenarios


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.yaml")):
        if not path.name.startswith(".") and DRAFTS not in path.relative_to(folder).parts:
            yield path


def _entry(path: Path) -> Entry:
    """The file's names as they stand in it, since reading it strictly takes long; else as they are parsed."""
    try:
        names = {key: value for key, _, value in reversed(_NAME.findall(path.read_text(errors="replace")))}
    except OSError:
        names = {}
    if not {"id", "code"} <= names.keys():
        return _parsed(path)
    return Entry(path, names["id"], names["code"], names.get("family", ""))


def _parsed(path: Path) -> Entry:
    try:
        data = document(path).data
    except InvalidFile:
        data = None
    named = data if isinstance(data, dict) else {}
    identity, code, family = (
        value if isinstance(value := named.get(key), str) else "" for key in ("id", "code", "family")
    )
    return Entry(path, identity or (path.stem if data is None else ""), code, family)
