"""The one place that turns what went wrong into words on stderr and an exit code."""

import os
import sys
import textwrap
import traceback

import typer

from labctl.cli.terminal import paint, say
from labctl.errors import InvalidFile, LabError

OK, JUDGED_OTHERWISE, USAGE, COULD_NOT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143

MEANINGS = {
    OK: "fine; mitigated; proven",
    JUDGED_OTHERWISE: "judged otherwise, a proof failed, or an action was refused",
    USAGE: "wrong usage, or a file with mistakes",
    COULD_NOT: "could not judge, or cannot run here; also a bug in labctl",
    INTERRUPTED: "interrupted by Ctrl-C",
    TERMINATED: "asked to end by SIGTERM",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM: an end like Ctrl-C's, asked for by another program."""


def report(error: BaseException) -> int:
    """Say it on stderr, with the next thing to type, and return the exit code."""
    match error:
        case KeyboardInterrupt() | typer.Abort():
            terminated = isinstance(error, Terminated)
            say("ended by SIGTERM" if terminated else "interrupted")
            return TERMINATED if terminated else INTERRUPTED
        case InvalidFile():
            count = len(error.mistakes)
            _show(f"{count} mistake{'s' if count != 1 else ''}", error.hint)
            say(error.message)
            return error.exit_code
        case LabError():
            _show(error.message, error.hint)
            return error.exit_code
        case typer.TyperException():
            return _wrong_usage(error)
        case OSError() if error.filename is not None:
            _show(f"{error.filename}: {error.strerror}", None)
            return COULD_NOT
        case _:
            return _bug(error)


def _show(message: str, hint: str | None) -> None:
    say(f"{paint('error:', 'red', sys.stderr)} {message}")
    if hint:
        first, *rest = textwrap.wrap(hint, 72, break_long_words=False, break_on_hyphens=False)
        say(f"{paint('next:', 'cyan', sys.stderr)}  {first}")
        for line in rest:
            say(f"       {line}")


def _wrong_usage(error: typer.TyperException) -> int:
    """A mistake on the command line, as the parser found it."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "labctl"
    message = error.format_message().rstrip(".")
    _show(message[:1].lower() + message[1:], f"{command} --help")
    return error.exit_code


def _bug(error: BaseException) -> int:
    _show(f"labctl has a bug here: {type(error).__name__}: {error}", None)
    if os.environ.get("LABCTL_DEBUG"):
        say("".join(traceback.format_exception(error)).rstrip())
        say("Please report this on the project's issue tracker, with everything above.")
    else:
        say("Please report it on the project's issue tracker, with what LABCTL_DEBUG=1 and")
        say("the same command print.")
    return COULD_NOT
