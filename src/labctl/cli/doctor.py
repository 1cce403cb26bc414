"""labctl doctor: what this machine can run."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import AsJson
from labctl.cli.terminal import document, out, paint, say, table
from labctl.errors import CannotRunHere, UsageError

if TYPE_CHECKING:
    from labctl.doctor.diagnosis import Check, Diagnosis

Fix = Annotated[bool, typer.Option("--fix", help="Install what is missing, where that is allowed.")]
RuntimeKind = Annotated[
    str,
    typer.Option(
        "--runtime", envvar="LABCTL_RUNTIME", metavar="KIND", help="For which runtime: auto, docker, local."
    ),
]

_KINDS = ("auto", "docker", "local")
_COLOURS = {"ok": "green", "missing": "red", "not enough": "red"}


def doctor(fix: Fix = False, runtime: RuntimeKind = "auto", json: AsJson = False) -> None:
    from labctl.runtimes import chosen_kind

    if runtime not in _KINDS:
        raise UsageError(f"there is no runtime {runtime!r}; there are {', '.join(_KINDS)}")
    full = json or not fix
    kind = chosen_kind(runtime)
    diagnosis, commands = _for_docker(fix) if kind == "docker" else _for_local(fix, full)
    if json:
        _document(kind, diagnosis, commands)
    else:
        _report(diagnosis, commands, whole=full)


def _for_docker(fix: bool) -> "tuple[Diagnosis, list[str]]":
    from labctl.doctor import containers
    from labctl.lab.home import home

    diagnosis, tried = containers.diagnose(home()), False
    if fix and diagnosis.missing:
        containers.fix(_narrate)
        diagnosis, tried = containers.diagnose(home()), True
    return diagnosis, containers.commands(diagnosis, tried=tried)


def _for_local(fix: bool, full: bool) -> "tuple[Diagnosis, list[str]]":
    from labctl.doctor import treatment

    diagnosis, tried = _diagnose(full), False
    if fix and diagnosis.missing:
        tried = treatment.fix(diagnosis, _narrate)
        diagnosis = _diagnose(full) if tried else diagnosis
    return diagnosis, treatment.commands(diagnosis, tried=tried)


def _diagnose(full: bool) -> "Diagnosis":
    """Everything, or what decides whether a lab can run: it is asked before every `make demo`."""
    from labctl.doctor.diagnosis import diagnose
    from labctl.doctor.machine import docker_engine
    from labctl.lab.home import home

    return diagnose(home(), docker=docker_engine if full else None)


def _narrate(text: str) -> None:
    say(f"doctor  {text}")


def _document(kind: str, diagnosis: "Diagnosis", commands: list[str]) -> None:
    document(
        {
            "runtime": kind,
            "fine": not diagnosis.missing,
            "checks": [asdict(check) | {"says": check.says} for check in diagnosis.checks],
            "commands": commands,
        }
    )
    if diagnosis.missing:
        raise typer.Exit(CannotRunHere.exit_code)


def _report(diagnosis: "Diagnosis", commands: list[str], *, whole: bool) -> None:
    if whole or diagnosis.missing:
        rows = [(c.name, c.found, c.needed, _painted(c), c.where or "") for c in diagnosis.checks]
        out(table(("", "found", "needed", "", "where"), rows))
        sys.stdout.flush()  # the error comes after it, on the other stream
    for check in diagnosis.low:
        _narrate(f"{paint('warning:', 'yellow')} {check.name}: {check.found}, better {check.needed}")
    if diagnosis.missing:
        raise CannotRunHere(diagnosis.summary, hint="\n       ".join(commands))
    out(diagnosis.summary)


def _painted(check: "Check") -> str:
    return paint(check.says.ljust(10), _COLOURS.get(check.says, "yellow"))
