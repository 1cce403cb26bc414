"""`labctl sh`: a shell or a command inside a replica, as the user that it runs as."""

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, chosen
from labctl.cli.terminal import say
from labctl.errors import CannotRunHere, UsageError

if TYPE_CHECKING:
    from labctl.runtimes.base import Beside


def sh(
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="A component, or one replica of it.")],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- CMD", help="A command; without it, a shell.")
    ] = None,
    lab: LabName = None,
) -> None:
    from labctl.desk.shell import inside

    words = [word for number, word in enumerate(command or ()) if number or word != "--"]
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    beside = inside(chosen(lab), component, words, terminal=terminal)
    if not words and terminal:
        say(f"{beside.replica}: exit or Ctrl-D leaves")
    raise typer.Exit(run(beside))


def run(beside: "Beside") -> int:
    """Run it on this terminal; its exit code. Ctrl-C is for it alone."""
    kept = {name: os.environ[name] for name in ("TERM", "COLUMNS", "LINES") if name in os.environ}
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a handler is not inherited, SIG_IGN would be
    try:
        done = subprocess.run(
            beside.argv,
            env={**kept, **beside.environment},
            cwd=beside.cwd,
            user=beside.user,
            group=beside.group,
            extra_groups=None if beside.group is None else [],
            check=False,
        )
    except FileNotFoundError:
        program = beside.argv[0]
        if program == "docker":
            raise CannotRunHere("the docker command is not installed", hint="labctl doctor --fix") from None
        raise UsageError(
            f"{beside.replica} has no program {program!r}", hint=f"labctl sh {beside.replica} -- ls /usr/bin"
        ) from None
    except PermissionError as error:
        raise UsageError(
            f"{beside.replica} may not run {error.filename!r}", hint=f"labctl sh {beside.replica}"
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - done.returncode if done.returncode < 0 else done.returncode
