"""`labctl debrief`: what happened, what it did to users, and what there is to learn from it."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.terminal import document, out, paint, say
from labctl.errors import UsageError
from labctl.lab.home import names

if TYPE_CHECKING:
    from labctl.debrief.report import Report
    from labctl.debrief.score import Part
    from labctl.recording import Recording

_COLUMNS = 80

DrillName = Annotated[
    str | None,
    typer.Argument(metavar="DRILL", help="Its id, or a recording's file; default: the newest that is over."),
]


def debrief(
    drill: DrillName = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write it as Markdown.")
    ] = None,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    told = report(drill, lab)
    if html or markdown:
        _write(told, html, markdown)
    if as_json:
        document(told.plain())
    else:
        _show(told)
        if not html:
            say("next:  labctl debrief --html FILE draws it; labctl postmortem draft FILE is yours to finish")


def report(drill: str | None, lab: str | None) -> "Report":
    """The debrief of the drill that is meant; UsageError while it would give something away."""
    from labctl.debrief.report import Report
    from labctl.scenario import catalog
    from labctl.slo.openslo import objectives

    recorded = _recorded(drill, lab)
    scenario = catalog.find(recorded.scenario)
    targets = {each.journey: each.target for each in objectives()}
    return Report(recorded, scenario, {**targets, **scenario.objectives})


def _recorded(drill: str | None, lab: str | None) -> "Recording":
    from labctl.debrief import archive

    if drill is not None:
        found = archive.find(drill)
        _refuse_spoilers(found)
        return found
    latest, kept = _of_lab(lab), archive.newest()
    if latest is None and kept is None:
        raise UsageError("no drill is over yet", hint="labctl list, then labctl drill CODE")
    if latest is None or (kept is not None and kept.began_wall_s >= latest.began_wall_s):
        assert kept is not None
        return kept
    return latest


def _of_lab(lab: str | None) -> "Recording | None":
    """The drill of a lab that is up, if it is over; UsageError while it goes on."""
    from labctl import recording
    from labctl.engine.machine import Phase, fold

    if lab is None and not names():
        return None
    opened = chosen(lab)
    events = opened.journal.read()
    if fold(events).phase is Phase.NONE:
        return None
    recorded = recording.record(opened)
    _refuse_spoilers(recorded)
    return recorded


def _refuse_spoilers(recorded: "Recording") -> None:
    from labctl.debrief import archive

    if not archive.is_over(recorded):
        raise UsageError(
            "the drill is not over, and a debrief gives its cause away",
            hint="labctl check says how far it is; labctl reveal ends it and tells",
        )


def _write(told: "Report", html: Path | None, markdown: Path | None) -> None:
    from labctl.debrief import pages
    from labctl.debrief.postmortem import draft

    for path, form in ((html, pages.html), (markdown, pages.markdown)):
        if path is not None:
            write(path, form(told, draft(told)))
            say(f"written: {path}")


def write(path: Path, text: str) -> None:
    """Write a file; UsageError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _show(told: "Report") -> None:
    from labctl.cli.verdicts import print_debrief

    scenario, zero = told.scenario, told.moments.zero
    out(paint(f"{scenario.code}  {scenario.title}", "bold"))
    out(_filled(f"{told.outcome.capitalize()}. {told.summary}"))
    out()
    out(paint("The story, from the page", "bold"))
    for entry in told.timeline:
        mark = f"{entry.mark}  " if entry.mark else ""
        detail = f": {entry.detail}" if entry.detail else ""
        out(_filled(f"{entry.since(zero):>7}  {mark}{entry.said}{detail}", indent=9))
    out()
    out(paint("The score, in its parts", "bold"))
    for part in told.score.parts:
        _part(part)
    out(_filled(f"Shown, not scored: {told.score.budget}."))
    print_debrief(scenario.debrief)
    if told.evidence:
        out()
        out(paint("The evidence that was there", "bold"))
    for each in told.evidence:
        out(_filled(f"- {each.evidence.say}: {each.said}", indent=2))
    if scenario.figures:
        out()
        out(paint("The numbers, to measure yourself", "bold"))
    for figure in scenario.figures:
        out(_filled(f"- {figure.say}", indent=2))
        out(paint(_filled(f"    {' '.join(figure.question.split())}", indent=4), "dim"))


def _part(part: "Part") -> None:
    if part.points is None:
        points = "not asked"
    else:
        points = f"{part.points:.1f}".removesuffix(".0") + (f" of {part.most}" if part.most else "")
    out(_filled(f"{part.name:<33}{points:>11}   {part.measured}", indent=47))
    out(paint(_filled(f"  {part.means}", indent=2), "dim"))


def _filled(text: str, *, indent: int = 0) -> str:
    return textwrap.fill(text, _COLUMNS, subsequent_indent=" " * indent, break_on_hyphens=False)
