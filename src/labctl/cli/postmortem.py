"""`labctl postmortem`: a draft with the facts filled in, and a reader who finds blame and loose ends."""

from pathlib import Path
from typing import Annotated

import typer

from labctl.cli.choice import AsJson, LabName
from labctl.cli.errors import JUDGED_OTHERWISE
from labctl.cli.terminal import document, out, say
from labctl.errors import UsageError

_VERBS = ("draft", "lint")


def postmortem(
    verb: Annotated[str, typer.Argument(metavar="draft|lint", help="Write one, or read one.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The postmortem, in Markdown.")],
    drill: Annotated[
        str | None, typer.Option("--drill", metavar="DRILL", help="draft: of which; default: the newest.")
    ] = None,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    if verb not in _VERBS:
        raise UsageError(f"{verb!r} is neither draft nor lint", hint="labctl postmortem lint FILE")
    if verb == "draft":
        _draft(file, drill, lab)
    else:
        _lint(file, as_json=as_json)


def _draft(file: Path, drill: str | None, lab: str | None) -> None:
    from labctl.cli.debrief import report, write
    from labctl.debrief.postmortem import draft

    if file.exists():
        raise UsageError(f"{file} is there already", hint="choose another name: it may hold your work")
    write(file, draft(report(drill, lab)))
    out(str(file))
    say(f"next:  fill in what is in [[double brackets]], then labctl postmortem lint {file}")


def _lint(file: Path, *, as_json: bool) -> None:
    from labctl.debrief.blameless import lint

    found = lint(file)
    if as_json:
        document({"file": file, "findings": [vars(each) for each in found]})
    for each in () if as_json else found:
        out(f"{file}:{each.line}:{each.column}: {each.said}")
        out(f"    instead: {each.instead}")
    if found:
        raise typer.Exit(JUDGED_OTHERWISE)
    if not as_json:
        out(f"{file}: fine")
