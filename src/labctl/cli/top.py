"""`labctl top`: CPU, memory against its limit, restarts and age of each replica."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.terminal import document, out, table, width
from labctl.clock import duration

if TYPE_CHECKING:
    from labctl.desk.top import ReplicaRow

_HEADER = ("REPLICA", "STATE", "CPU", "MEMORY", "OF", "", "RESTARTS", "AGE")
_HOME_AND_CLEAR = "\x1b[H\x1b[J"


def top(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Again and again, until Ctrl-C.")] = False,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    from labctl.desk.top import top as now

    opened = chosen(lab)
    while True:
        rows = now(opened)
        if as_json:
            document({"replicas": [{**asdict(row), "memory_share": row.memory_share} for row in rows]})
        else:
            shown = table(_HEADER, map(_row, rows), right=(2, 3, 4, 5, 6, 7), fit=width())
            out(f"{_HOME_AND_CLEAR}{shown}" if follow and sys.stdout.isatty() else shown)
        if not follow:
            return
        if not (as_json or sys.stdout.isatty()):
            out()


def _row(row: "ReplicaRow") -> tuple[object, ...]:
    share = row.memory_share
    return (
        row.replica,
        f"{row.state}, {row.oom_kills} oom" if row.oom_kills else row.state,
        None if row.cpu is None else f"{row.cpu * 100:.0f} %",
        f"{row.memory_mb:.0f} MB",
        None if row.limit_mb is None else f"{row.limit_mb} MB",
        "" if share is None else f"{share * 100:.0f} %",
        row.restarts,
        None if row.age_s is None else duration(row.age_s),
    )
