"""Flags: which there are, whose they are, and what services are told of them.

`settings/flags.json` holds the shop's. What third parties and users are told is their own affair: that
lies sealed beside it, so that nobody reads it there, and every change of any flag rewrites both.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labctl import assets
from labctl.errors import UsageError
from labctl.seal import unsealed

if TYPE_CHECKING:
    from labctl.stack.compose import Stack

OURS, FOREIGN = "flags.json", "third-party.sealed"
FOREIGN_BYTES = 4096
"""What those who are not the shop are told is always this long."""

_KINDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "switch": (re.compile(r"on|off"), "on or off"),
    "percent": (re.compile(r"(100(\.0+)?|\d{1,2}(\.\d+)?)%"), "a share like 10%, from 0% to 100%"),
    "duration": (re.compile(r"\d+(\.\d+)?(ms|s|m|h)"), "a duration like 3s or 200ms"),
    "number": (re.compile(r"-?\d+(\.\d+)?"), "a number like 12"),
    "text": (re.compile(r".*"), "any text"),
}


@dataclass(frozen=True)
class Declared:
    """A flag as `services/flags.toml` declares it, or the own `flags.toml` of who is not the shop."""

    name: str
    component: str
    kind: str
    default: str
    about: str

    def check(self, value: str) -> None:
        pattern, like = _KINDS[self.kind]
        if not pattern.fullmatch(value):
            raise UsageError(f"flag {self.name} is {like}, and not {value!r}", hint=self.about)


def declared() -> Mapping[str, Declared]:
    """Every flag by its name."""
    return _read(assets.path("services"))


def foreign(stack: Stack) -> frozenset[str]:
    """The names of those that are not the shop's, but a third party's or its users'."""
    others = {name for name, component in stack.components.items() if component.owner != "shop"}
    return frozenset(name for name, each in declared().items() if each.component in others)


def told(settings: Path) -> Mapping[str, str] | None:
    """What services are told, those that are not the shop's too; None where there is nobody to tell."""
    ours, theirs = settings / OURS, settings / FOREIGN
    if not ours.is_file():
        return None
    return {**json.loads(ours.read_text()), **(unsealed(theirs.read_bytes()) if theirs.is_file() else {})}


@cache
def _read(services: Path) -> Mapping[str, Declared]:
    files = [services / "flags.toml", *sorted(services.glob("*/flags.toml"))]
    rows = [row for file in files for row in tomllib.loads(file.read_text())["flag"]]
    return {row["name"]: Declared(**row) for row in rows}
