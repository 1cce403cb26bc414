"""`services/<component>/releases.toml`: which releases a component has, and who made them when and why."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from labctl.errors import InvalidFile, Mistake
from labctl.stack.strict_yaml import did_you_mean

_FIELDS = ("version", "author", "date", "message")
_KEYS = (*_FIELDS, "on")


@dataclass(frozen=True)
class Release:
    """One release of a component; `overlay` is None for the base, `on` None for what stands on the base."""

    version: str
    author: str
    date: str
    message: str
    overlay: Path | None
    on: str | None = None

    @property
    def subject(self) -> str:
        """The first line of the message, for lists."""
        return self.message.strip().partition("\n")[0]


def read(path: Path) -> tuple[str, list[Release]]:
    """The base version and every release, oldest first; InvalidFile with every mistake."""
    base, releases = _parse(path, path.read_text(encoding="utf-8"))
    return base, [*releases]


@lru_cache(maxsize=32)  # each step of each scenario that deploys asks for it
def _parse(path: Path, text: str) -> tuple[str, tuple[Release, ...]]:
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (1, 1)
        raise InvalidFile([Mistake(str(path), line, column, str(error).split(" (at ")[0])]) from None
    mistakes = [*_mistakes(path, text, plain)]
    if mistakes:
        raise InvalidFile(mistakes)
    return plain["base"], tuple(_release(path.parent, entry, plain["base"]) for entry in plain["release"])


def _release(folder: Path, entry: dict[str, Any], base: str) -> Release:
    version, author, date, message = (str(entry[key]) for key in _FIELDS)
    overlay = None if version == base else folder / "releases" / version
    return Release(version, author, date, message, overlay, entry.get("on"))


def _mistakes(path: Path, text: str, plain: dict[str, Any]) -> Iterator[Mistake]:
    heads = re.finditer(r"^\[\[release\]\]", text, re.MULTILINE)
    lines = [text.count("\n", 0, head.start()) + 1 for head in heads]
    entries = plain.get("release", [])
    lines += [1] * (len(entries) - len(lines))  # written as an inline list
    for key in plain.keys() - {"base", "release"}:
        yield Mistake(str(path), 1, 1, f"unknown key {key!r}", did_you_mean(key, ("base", "release")))
    for entry, line in zip(entries, lines, strict=True):
        yield from (Mistake(str(path), line, 1, *said) for said in _entry_mistakes(path.parent, plain, entry))
    versions = [entry.get("version") for entry in entries]
    for at, (entry, line) in enumerate(zip(entries, lines, strict=True)):
        if "on" in entry and entry["on"] not in versions[:at]:
            yield Mistake(str(path), line, 1, f"on {entry['on']!r} is not a release listed before this one")
    if plain.get("base") not in versions:
        yield Mistake(str(path), 1, 1, f"base {plain.get('base')!r} is not one of the releases")
    for version in {each for each in versions if versions.count(each) > 1}:
        yield Mistake(str(path), lines[versions.index(version)], 1, f"release {version!r} is here twice")


def _entry_mistakes(
    folder: Path, plain: dict[str, Any], entry: dict[str, Any]
) -> Iterator[tuple[str, str | None]]:
    for key in entry.keys() - {*_KEYS}:
        yield f"unknown key {key!r}", did_you_mean(key, _KEYS)
    for key in {*_FIELDS} - entry.keys():
        yield f"the key {key!r} is missing", None
    version = entry.get("version")
    if version not in (None, plain.get("base")) and not (folder / "releases" / str(version)).is_dir():
        yield f"release {version} has no folder releases/{version}/", None
