"""`labctl help`: a command's help, or a topic that no single command owns."""

from typing import Annotated, Any

import typer

from labctl.cli.commands import COMMANDS
from labctl.cli.errors import MEANINGS
from labctl.cli.terminal import out
from labctl.errors import UsageError

_ENVIRONMENT = {
    "LABCTL_LAB": "the lab that commands mean, as --lab does",
    "LABCTL_HOME": "where labs are kept",
    "LABCTL_DEBUG": "1 shows the traceback of a bug",
    "NO_COLOR": "anything turns colour off",
}


def help_(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="A command, exit-codes, or environment.")
    ] = None,
) -> None:
    root: Any = ctx.parent
    if topic is None:
        out(root.get_help())
    elif topic == "exit-codes":
        for code, meaning in MEANINGS.items():
            out(f"{code:>4}  {meaning}")
        out("\nOver many scenarios 1 beats 3.")
    elif topic == "environment":
        for name, meaning in _ENVIRONMENT.items():
            out(f"{name:<13} {meaning}")
    elif topic in COMMANDS:
        command = root.command.get_command(root, topic)
        with command.make_context(topic, [], parent=root, resilient_parsing=True) as context:
            out(command.get_help(context))
    else:
        raise UsageError(f"there is no help on {topic!r}", hint="labctl --help, or labctl help exit-codes")
