"""`labctl trace`: one request as a waterfall over all services."""

import time
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.logs import span_s
from labctl.cli.terminal import document, out, paint, say, table, width
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.desk.trace import Span, Trace

BAR = 20
"""Columns of a waterfall's bars: beside names and numbers it fits on 80."""
_WHAT = 33


def trace(
    identity: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="As in labctl logs; its first digits do. Default: a bad one."),
    ] = None,
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="How far back.")] = "5m",
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    from labctl.desk import trace as desk
    from labctl.desk.logs import logs

    opened = chosen(lab)
    since_wall_s = time.time() - span_s(since, "labctl trace 4bf92f35 --since 5m")
    if identity is None:
        bad = desk.failing(logs(opened, since_wall_s=since_wall_s))
        if not bad:
            raise UsageError(
                f"no request failed or took a second in the last {since}",
                hint="labctl logs edge shows others: labctl trace ID, or a longer --since",
            )
        identity = bad[0]
        say(f"the newest of {len(bad)} requests with trouble in the last {since}")
    found = desk.trace(opened, identity, since_wall_s=since_wall_s)
    if as_json:
        document({"trace": asdict(found)})
    else:
        show(found)


def show(found: "Trace") -> None:
    at = datetime.fromtimestamp(found.began_wall_s).astimezone().strftime("%H:%M:%S.%f")[:-3]
    out(f"trace {found.id}  {at}  {found.ms:,.0f} ms")
    rows = [_row(span, found.ms) for span in found.spans]
    out(table(("SPAN", "START", "MS", "", "RESULT"), rows, right=(1, 2), fit=width()))
    lines = [*(said for span in found.spans for said in span.said), *found.loose]
    for said in sorted(lines, key=lambda each: each.wall_s):
        offset_ms = (said.wall_s - found.began_wall_s) * 1000
        level = paint(said.level, "red" if said.level == "error" else "yellow")
        out(f"{offset_ms:6,.0f} ms  {said.replica}  {level}  {said.text}")


def _row(span: "Span", total_ms: float) -> tuple[object, ...]:
    who = span.what if span.what.startswith("→") else f"{span.replica} {span.what}"
    name = "  " * span.depth + who
    shown = name if len(name) <= _WHAT else name[: _WHAT - 1] + "…"
    return shown, f"{span.offset_ms:,.0f}", f"{span.ms:,.0f}", bar(span, total_ms), span.result


def bar(span: "Span", total_ms: float) -> str:
    """Where in the whole it lies, at least one column wide; `!` marks one that failed."""
    scale = BAR / total_ms if total_ms else 0.0
    start = min(BAR - 1, int(span.offset_ms * scale))
    long = max(1, min(BAR - start, round(span.ms * scale)))
    return (" " * start + "█" * long).ljust(BAR) + ("!" if span.failed else " ")
