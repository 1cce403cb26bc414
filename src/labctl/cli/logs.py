"""`labctl logs`: what components wrote, merged in the order of time."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from labctl import clock
from labctl.cli.choice import LabName, chosen
from labctl.cli.terminal import out, paint, say
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.desk.logs import LogRow

_STYLES = {"error": "red", "critical": "red", "warning": "yellow"}


def logs(
    components: Annotated[
        list[str] | None, typer.Argument(metavar="COMPONENT", help="Default: the shop's services.")
    ] = None,
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="How far back.")] = "1m",
    grep: Annotated[
        str | None, typer.Option("--grep", metavar="REGEX", help="Only lines with a match.")
    ] = None,
    trace: Annotated[
        str | None, typer.Option("--trace", metavar="ID", help="Only this request; its first digits do.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with the lines to come.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Lines as they were written, for machines.")] = False,
    lab: LabName = None,
) -> None:
    from labctl.desk import logs as desk

    opened = chosen(lab)
    since_wall_s = time.time() - span_s(since, "labctl logs --since 2m")
    read = desk.follow if follow else desk.logs
    found = False
    for row in read(opened, components or (), since_wall_s=since_wall_s, grep=grep, trace=trace):
        out(row.text if raw else line(row))
        found = True
    if not found:
        say(f"no such line in the last {since}; next:  a longer --since, or without --grep and --trace")


def span_s(text: str, example: str) -> float:
    """A span of time in seconds; UsageError with an example of how to write one."""
    try:
        return clock.seconds(text)
    except ValueError as error:
        raise UsageError(str(error), hint=example) from None


def line(row: "LogRow") -> str:
    """`12:04:31.250  checkout-1  warning  message  trace=4bf92f35 key=value …`."""
    at = datetime.fromtimestamp(row.wall_s).astimezone().strftime("%H:%M:%S.%f")[:-3]
    level = paint(row.level.ljust(7), _STYLES.get(row.level.lower(), "dim"))
    fields = {"trace": row.trace[:8]} if row.trace else {}
    rest = " ".join(f"{key}={value}" for key, value in {**fields, **row.fields}.items())
    return f"{at}  {row.replica:<12}  {level}  {row.msg}{'  ' if rest else ''}{paint(rest, 'dim')}".rstrip()
