"""Journeys that installed packages bring: files of one name in a folder that an entry point names.

    wish_list.py     what a user does, and which answers are right; `load` runs it, labctl never does
    wish-list.yaml   its SLO, which also says how many such visits there are
    wish-list.md     the runbook of its page

A journey is whole or an error: without one of them it would be an alert that cannot fire, users that
nobody judges, or a page that leads nowhere.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl import assets, extensions
from labctl.errors import InvalidFile, Mistake

REMEDY = "mend the files, or uninstall their package"
_IMPORTABLE = sys.stdlib_module_names | {"__future__", "load", "shared"}
"""What a journey may import: load runs it in a container without the package."""


@dataclass(frozen=True)
class Files:
    """Where one journey's files are."""

    folder: Path
    journey: str

    @property
    def code(self) -> Path:
        return self.folder / f"{self.journey.replace('-', '_')}.py"

    @property
    def slo(self) -> Path:
        return self.folder / f"{self.journey}.yaml"

    @property
    def runbook(self) -> Path:
        return self.folder / f"{self.journey}.md"


def journeys() -> list[Files]:
    """Every installed journey, by name; InvalidFile with all that is missing or cannot work."""
    folders = dict.fromkeys(extensions.folders(extensions.JOURNEYS))
    found = [each for folder in folders for each in _in(folder)]
    if not found:
        return []
    wrong = [*_taken(found), *(mistake for each in found for mistake in mistakes(each))]
    if wrong:
        raise InvalidFile(wrong, hint=REMEDY)
    return sorted(found, key=lambda each: each.journey)


def _in(folder: Path) -> list[Files]:
    """One for each name that any file has, so that what lacks its other files is seen."""
    stems = {each.stem for kind in ("py", "yaml", "md") for each in folder.glob(f"[!_.]*.{kind}")}
    return [Files(folder, name) for name in sorted({each.replace("_", "-") for each in stems - {"README"}})]


def _taken(found: list[Files]) -> Iterator[Mistake]:
    known = {path.stem: path for path in assets.path("slos").glob("*.yaml")}
    for each in found:
        first = known.setdefault(each.journey, each.slo)
        if first != each.slo:
            said = f"there is a journey {each.journey!r} already, by {first}"
            yield Mistake(str(each.slo), 1, 1, said, "give yours a name of its own")


def mistakes(files: Files) -> list[Mistake]:
    """What one journey lacks, and what load would stumble on in its code."""
    return [*_missing(files), *(_in_code(files.code) if files.code.is_file() else ())]


def _missing(files: Files) -> Iterator[Mistake]:
    needed = {files.code: "what its users do", files.slo: "its SLO", files.runbook: "its page's runbook"}
    for path, what in needed.items():
        if not path.is_file():
            said = f"is missing: the journey {files.journey!r} is not whole without {what}"
            yield Mistake(str(path), 1, 1, said)


def _in_code(path: Path) -> Iterator[Mistake]:
    """Read from the source: a package's code runs nowhere but in load."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        yield Mistake(str(path), error.lineno or 1, error.offset or 1, f"is not Python: {error.msg}")
        return
    if not any(isinstance(each, ast.FunctionDef) and each.name == "visit" for each in tree.body):
        yield Mistake(str(path), 1, 1, "defines no function `visit`", "def visit(visit: Visit) -> None:")
    for node, module in _imports(tree):
        if module.partition(".")[0] not in _IMPORTABLE:
            said = f"imports {module or 'from its own package'}, which load does not have"
            near = "the standard library, load and shared are there"
            yield Mistake(str(path), node.lineno, node.col_offset + 1, said, near)


def _imports(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, "" if node.level else node.module or ""
