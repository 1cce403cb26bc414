"""Which shapes of traffic the load knows, read from its code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from labctl import assets


@cache
def profiles(file: Path | None = None) -> tuple[str, ...]:
    """The names that a scenario's `load.profile` may have: those of the classes of profiles."""
    path = file or assets.path("services", "load", "profiles.py")
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return tuple(
        str(line.value.value)
        for each in tree.body
        if isinstance(each, ast.ClassDef)
        for line in each.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
        if [target.id for target in line.targets if isinstance(target, ast.Name)] == ["name"]
    )
