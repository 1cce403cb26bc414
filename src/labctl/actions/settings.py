"""Which settings a component has: read from its code, so that no list of them can be out of date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from labctl import assets
from labctl.stack.compose import Component

_WIRING = re.compile(
    r".*_ADDR|.*PASSWORD.*|SERVICE|SERVICE_PORT|LISTEN_HOST|REPLICA|RELEASE|SETTINGS_DIR|TREE_DIR|SLO_DIR"
    r"|PROXIES|TARGET|PATH|HOME|PYTHON.*|LD_.*|INCIDENT_LAB.*"
)
_READERS = re.compile(r"environment\.\w+|os\.environ\.get|os\.getenv|environ\.get|getenv")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def wiring(key: str) -> bool:
    """Whether a variable holds the stack together, so that nobody's action may change it."""
    return bool(_WIRING.fullmatch(key))


def settings_of(component: Component) -> frozenset[str]:
    """The settings that a component's code reads, in any of its releases."""
    names = set(component.environment)
    if component.recipe == "service":
        names |= _read_by(assets.path("services"), component.name)
    return frozenset(name for name in names if not wiring(name))


@cache
def _read_by(services: Path, component: str) -> frozenset[str]:
    """What the component's own code and the shared modules that it imports ask the environment for."""
    trees = [_tree(file) for file in sorted((services / component).rglob("*.py"))]
    seen: set[Path] = set()
    for tree in trees:  # grows while it is walked
        imported = {services / "shared" / f"{name}.py" for name in _shared(tree)} - seen
        seen |= imported
        trees.extend(_tree(file) for file in sorted(imported) if file.is_file())
    return frozenset(name for tree in trees for name in _asked_for(tree))


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _shared(tree: ast.Module) -> Iterator[str]:
    """Modules of `shared` that a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="shared", names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("shared."):
                yield module.removeprefix("shared.")
            case ast.Import(names=names):
                yield from (each.name.removeprefix("shared.") for each in names)


def _asked_for(tree: ast.Module) -> Iterator[str]:
    """Names in calls such as `environment.whole("DB_POOL_MAX", 8)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=reader, args=[ast.Constant(value=str(name)), *_]) if _NAME.fullmatch(name):
                if _READERS.fullmatch(ast.unparse(reader)):
                    yield name
