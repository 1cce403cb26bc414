"""What writes and checks the files of authors: `labctl new`, `labctl lint`, `labctl schema`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.terminal import document, out, say
from labctl.errors import InvalidFile, LabError, Mistake, UsageError

if TYPE_CHECKING:
    from labctl.scenario.model import Scenario

TEXT, JSON, GITHUB = "text", "json", "github"
FORMATS = (TEXT, JSON, GITHUB)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, for authors, such as pool-shrunk.")],
    family: Annotated[
        str | None, typer.Option("--family", metavar="F", help="Siblings of the same symptom and page.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="X", help="What learners see; a free one by default.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; by default into scenarios/.")
    ] = None,
) -> None:
    from labctl.scenario import new as writing
    from labctl.scenario.lint import lint as check

    path = writing.write(name, family=family or writing.DEFAULT_FAMILY, code=code, out=out_file)
    out(str(path))
    for found in check(path):
        say(str(found))
    say(f"next:  edit it, labctl lint {path}, labctl verify {path}")


def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, or folders of them.")],
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail as well.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text, json or github.")] = TEXT,
) -> None:
    from labctl import extensions

    if form not in FORMATS:
        raise UsageError(f"there is no format {form!r}; there are {', '.join(FORMATS)}")
    found = {path: _lint(path) for path in scenario_files(paths)}
    failing = [each for mistakes, _ in found.values() for each in mistakes if strict or not each.warning]
    for broken in extensions.broken():
        say(f"warning: {broken}")
    if form == JSON:
        document({"files": [_plain(path, *each) for path, each in found.items()]})
    elif form == GITHUB:
        for mistakes, _ in found.values():
            for each in mistakes:
                out(_annotation(each))
    else:
        for path, (mistakes, note) in found.items():
            _tell(path, mistakes, note, failing)
    if failing and form == TEXT:
        raise InvalidFile(failing)
    raise typer.Exit(InvalidFile.exit_code if failing else 0)


def _tell(path: Path, mistakes: list[Mistake], note: str | None, failing: list[Mistake]) -> None:
    for each in mistakes:
        if each not in failing:
            say(str(each))
    if not set(mistakes) & set(failing):
        out(f"{path}: fine")
    if note:
        say(f"{path}: note: {note}")


def _lint(path: Path) -> tuple[list[Mistake], str | None]:
    """The mistakes in a file, and what is to be said of it on this machine."""
    from labctl.scenario import lint as linting
    from labctl.slo import openslo

    if openslo.is_slo(path):
        return openslo.lint(path), None
    mistakes, scenario = linting.examine(path)
    return mistakes, _cannot_run(scenario) if scenario else None


def _cannot_run(scenario: "Scenario") -> str | None:
    """Why the scenario cannot be proven on this machine: no mistake, and nobody's fault."""
    if not scenario.requires:
        return None
    from labctl.runtimes import AUTO, capabilities, chosen_kind

    try:
        kind = chosen_kind(AUTO)
        missing = sorted(set(scenario.requires) - capabilities(kind))
    except LabError as error:
        return f"it could not be told whether this machine can run it: {error.message}"
    if not missing:
        return None
    return (
        f"it needs {', '.join(missing)}, which the {kind} runtime lacks here: labctl verify says cannot run"
    )


def _plain(path: Path, mistakes: list[Mistake], note: str | None) -> dict[str, object]:
    return {"file": str(path), "mistakes": [vars(each) for each in mistakes], "note": note}


def _annotation(mistake: Mistake) -> str:
    """A workflow command, which a pull request shows at the line."""
    kind = "warning" if mistake.warning else "error"
    said = f"{mistake.message} ({mistake.suggestion})" if mistake.suggestion else mistake.message
    where = f"file={_escaped(mistake.file, ':,')},line={mistake.line},col={mistake.column}"
    return f"::{kind} {where}::{_escaped(said)}"


def _escaped(text: str, also: str = "") -> str:
    for letter in "%\r\n" + also:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def scenario_files(paths: Iterable[Path]) -> list[Path]:
    """The YAML files that the paths name or hold; UsageError for a path without any."""
    found: list[Path] = []
    for path in paths:
        here = sorted(path.rglob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
        if not here:
            raise UsageError(f"{path}: there is no scenario file", hint="labctl lint scenarios")
        found.extend(here)
    return found


def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="scenario or slo; with --out, all by default.")
    ] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write files there instead of printing.")
    ] = None,
) -> None:
    from labctl.scenario.schema import SCHEMAS

    if kind is not None and kind not in SCHEMAS:
        raise UsageError(f"there is no schema {kind!r}; there are {', '.join(SCHEMAS)}")
    if out_folder is None:
        out(SCHEMAS[kind or "scenario"].text().rstrip())
        return
    out_folder.mkdir(parents=True, exist_ok=True)
    for each in [kind] if kind else SCHEMAS:
        path = out_folder / SCHEMAS[each].file[-1]
        path.write_text(SCHEMAS[each].text(), encoding="utf-8")
        out(str(path))
