"""The command line's door: runs one command line and turns whatever happens into an exit code."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from labctl.cli.errors import OK, Terminated, report
from labctl.cli.journaled import typed
from labctl.cli.parser import SETTINGS, Commands

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    context_settings=SETTINGS,
    help="Incidents to practise on: a real shop, really broken, judged by its users.",
    epilog="\b\nStart with:  labctl demo     then:  labctl list, labctl drill CODE\n"
    "Exit codes:  0 fine, 1 judged otherwise, 2 usage, 3 could not judge",
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which labctl this is.")] = False,
) -> None:
    if version:
        _version()
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        from labctl.cli.terminal import out

        out(ctx.get_help())


def _version() -> None:
    from importlib.metadata import PackageNotFoundError, version

    from labctl.cli.terminal import out

    try:
        out(f"labctl {version('incident-lab')}")
    except PackageNotFoundError:
        out("labctl (from a checkout)")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised, and no traceback is shown."""
    command: Any = typer.main.get_command(app)
    typed(arguments)
    try:
        with command.make_context("labctl", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        _hush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 — the outermost frame; report() names bugs
        return report(error)
    return OK


def _hush() -> None:
    """The reader has gone (`labctl logs | head`): let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _asked_to_end(*_: object) -> None:
    """As CI does with a job that it cancels: what was started is taken down first, and once is enough."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def main() -> None:
    signal.signal(signal.SIGTERM, _asked_to_end)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # An ASCII terminal shows ? for what it lacks; a pipe gets each line when it is said.
            stream.reconfigure(errors="replace", line_buffering=True)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
