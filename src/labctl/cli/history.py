"""`labctl changes` and `labctl diff`: what was changed, when, and in which lines."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.terminal import document, out, paint, say, table, width

if TYPE_CHECKING:
    from labctl.desk.changes import ChangeRow

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def changes(
    component: Annotated[
        str | None, typer.Argument(metavar="COMPONENT", help="Only those of one component.")
    ] = None,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    from labctl.desk import changes as desk

    rows = desk.history(chosen(lab), component)
    if as_json:
        document({"changes": [vars(row) for row in rows]})
    elif rows:
        cells = [(when(row.wall_s), row.who, what(row)) for row in rows]
        out(table(("WHEN", "WHO", "WHAT"), cells, fit=width()))
    else:
        say("nothing was changed")


def when(wall_s: float) -> str:
    """The local time of today, else the day too."""
    at = datetime.fromtimestamp(wall_s).astimezone()
    today = at.date() == datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def what(row: "ChangeRow") -> str:
    """The change, what became of it unless it is simply done, and a release's message."""
    state = "" if row.state == "done" else f" [{row.state}]"
    message = f": {_first(row.message)}" if row.message else ""
    return f"{row.summary}{state}{message}"


def _first(message: str) -> str:
    """The first line of a release's message."""
    return message.partition("\n")[0]


def diff(
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="A component with releases.")],
    old: Annotated[str | None, typer.Argument(metavar="OLD", help="Default: the one before.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Default: what runs now.")] = None,
    lab: LabName = None,
) -> None:
    from labctl.desk.diff import difference

    found = difference(chosen(lab), component, old, new)
    for release in (found.old, found.new):
        say(f"{component} {release.version}  {release.date}  {release.author}: {_first(release.message)}")
    if not found.text:
        say("their code is the same")
    for line in found.text.splitlines():
        out(paint(line, _STYLES[line[0]]) if line[:1] in _STYLES else line)
