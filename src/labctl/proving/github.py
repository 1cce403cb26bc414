"""Proofs for GitHub: annotations on the lines of scenarios, and a step summary in Markdown.

A workflow command is `::error file=…,line=…::message` on a line of its own. What it may not contain is
escaped as percent signs: %, CR and LF everywhere, `:` and `,` in properties too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labctl.clock import duration
from labctl.proof import Check, Grade, Proof
from labctl.proving.flakes import Flake
from labctl.proving.sources import Source

_LEVELS = {Grade.FAILED: "error", Grade.UNJUDGED: "error", Grade.CANNOT_RUN: "warning"}
_MARKS = {0: "✅", 1: "❌", 3: "❔"}


def annotated(
    proofs: Sequence[Proof], sources: Mapping[str, Source], flakes: Sequence[Flake] = ()
) -> Iterator[str]:
    """A workflow command for each check that did not pass or is thin, and for each flake."""
    for proof in proofs:
        source = sources[proof.scenario]
        for check in proof.checks:
            level = "warning" if check.thin else _LEVELS.get(check.outcome)
            if level:
                yield _about(level, source, check)
    for flake in flakes:
        check = Check(flake.phase, flake.name, Grade.UNJUDGED, str(flake))
        yield _about("warning", sources[flake.scenario], check, "flake")


def _about(level: str, source: Source, check: Check, kind: str = "") -> str:
    mistake = source.mistake(check)
    word = kind or ("thin margin" if check.thin else str(check.outcome))
    said = f"{check.said} (margin {check.margin:.0%})" if check.thin else check.said
    properties = {
        "file": _from_here(source.path),
        "line": str(mistake.line),
        "col": str(mistake.column),
        "title": f"{source.scenario.id}: {check.phase} {check.name}: {word}",
    }
    return command(level, properties, said)


def command(level: str, properties: Mapping[str, str], message: str) -> str:
    """One workflow command."""
    given = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{level} {given}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for each in ("%", "\r", "\n", *more):  # the percent sign first, or it would be escaped twice
        text = text.replace(each, f"%{ord(each):02X}")
    return text


def _from_here(path: Path) -> str:
    """Relative to the working directory, which is the checkout; whole where it lies elsewhere."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()).as_posix() if whole.is_relative_to(Path.cwd()) else str(whole)


def summary(proofs: Sequence[Proof], flakes: Sequence[Flake] = ()) -> str:
    """What `$GITHUB_STEP_SUMMARY` shows: a row per proof, then what did not pass and what is thin."""
    lines = [
        "## Scenarios",
        "",
        "| scenario | result | checks | thinnest margin | baseline CPU | load late (p99) | took |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(proof) for proof in proofs),
    ]
    told = [
        f"- **{_cell(proof.scenario)}** {_cell(check.phase)} {_cell(check.name)}: "
        f"{'thin margin' if check.thin else check.outcome}. {_cell(check.said)}"
        for proof in proofs
        for check in proof.checks
        if check.thin or check.outcome in _LEVELS
    ]
    if told:
        lines += ["", "### To look at", "", *told]
    if flakes:
        lines += ["", "### Flakes", "", *(f"- {_cell(str(flake))}" for flake in flakes)]
    return "\n".join(lines) + "\n"


def _row(proof: Proof) -> str:
    margins = [check.margin for check in proof.checks if check.margin is not None]
    cpu = [each.cpu_share for each in proof.conditions]
    late = [each.late_p99_ms for each in proof.conditions]
    cells = (
        proof.scenario if proof.run == 1 else f"{proof.scenario} (run {proof.run})",
        f"{_MARKS[proof.exit_code]} {proof.word}",
        ", ".join(f"{proof.count(grade)} {grade}" for grade in Grade if proof.count(grade)) or "none",
        f"{min(margins):.0%}" if margins else "–",
        f"{max(cpu):.0%}" if cpu else "–",
        f"{max(late):g} ms" if late else "–",
        duration(proof.took_s),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Text that neither ends a table's cell nor becomes markup."""
    for each in ("\\", "|", "<", ">", "*", "_", "`", "["):
        text = text.replace(each, f"\\{each}" if each not in "<>" else {"<": "&lt;", ">": "&gt;"}[each])
    return " ".join(text.split())
