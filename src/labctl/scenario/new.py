"""A new scenario: a commented file that lints clean, with a fault that really hurts, to be changed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from labctl import assets
from labctl.errors import InvalidFile, UsageError
from labctl.scenario import catalog
from labctl.scenario.loader import document
from labctl.scenario.part import Code, Slug
from labctl.scenario.schema import SCHEMAS

STARTS = Path(__file__).parent / "starts"
DEFAULT_FAMILY = "checkout-slow"
BROWSING = {"restarts", "browse-slow", "errors-after-change"}
"""Families whose users are hurt while they look around; in all others they are hurt while they pay."""
PREFIXES: Mapping[str, str] = {
    "checkout-slow": "checkout",
    "browse-slow": "browse",
    "errors-after-change": "errors",
    "queue": "orders",
}
"""What the codes of a family begin with before it has a sibling."""


def write(
    name: str, *, family: str = DEFAULT_FAMILY, code: str | None = None, out: Path | None = None
) -> Path:
    """Write a new scenario and return its file; UsageError for a bad or taken name and an existing file."""
    for what, value, kind in (("name", name, Slug), ("family", family, Slug), ("code", code, Code)):
        if value is not None:
            _require(what, value, kind)
    _require_free(name)
    if code:
        _require_free(code)
    path = out or _place(name)
    text = start(name, family=family, code=code or free_code(family), path=path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        hint = "take another name, or --out FILE"
        raise UsageError(f"{path} exists already and stays as it is", hint=hint) from None
    except FileNotFoundError:
        raise UsageError(f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}") from None
    return path


def start(name: str, *, family: str, code: str, path: Path) -> str:
    """The text of a new scenario that will lie at `path`."""
    kind = "browsing" if family in BROWSING else "paying"
    text = (STARTS / f"{kind}.yaml").read_text(encoding="utf-8")
    schema = os.path.relpath(assets.path(*SCHEMAS["scenario"].file), path.absolute().parent)
    filled = {"id": name, "family": family, "code": code, "schema": schema, "path": str(path)}
    return re.sub(r"@(\w+)@", lambda match: filled[match[1]], text)


def free_code(family: str) -> str:
    """A code of the family that no scenario has: one more than its highest."""
    known = list(_named())
    siblings = [code.rpartition("-")[0] for code, of in known if of == family]
    prefix = siblings[0] if siblings else PREFIXES.get(family, re.sub(r"[^a-z-]|-(?![a-z])", "", family))
    numbers = [int(code[-2:]) for code, _ in known if code.rpartition("-")[0] == prefix]
    number = max(numbers, default=0) + 1
    if number > 99:
        raise UsageError(f"every code of {prefix} is taken", hint="choose one with --code, such as other-01")
    return f"{prefix}-{number:02}"


def _named() -> Iterator[tuple[str, str]]:
    """Code and family of each scenario that can be read."""
    for entry in catalog.entries():
        try:
            data = document(entry.path).data
        except InvalidFile:
            continue
        if re.fullmatch(r".+-\d\d", entry.code) and isinstance(data, dict):
            yield entry.code, str(data.get("family"))


def _place(name: str) -> Path:
    """In `scenarios/`, where there is such a folder, else here."""
    folder = Path("scenarios")
    return (folder if folder.is_dir() else Path()) / f"{name}.yaml"


def _require(what: str, value: str, kind: Any) -> None:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        example = {"name": "pool-shrunk", "family": "checkout-slow", "code": "checkout-07"}[what]
        raise UsageError(f"{value!r} cannot be a {what}", hint=f"write it like {example}") from None


def _require_free(name: str) -> None:
    for entry in catalog.entries():
        if name in (entry.id, entry.code):
            raise UsageError(
                f"{name!r} is taken by {entry.path}", hint="labctl list --spoilers shows all names"
            )
