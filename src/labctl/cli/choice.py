"""Which lab a command means."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labctl.cli.journaled import note
from labctl.errors import NoSuchLab, UsageError
from labctl.lab.home import DEFAULT_NAME, names

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

LabName = Annotated[
    str | None,
    typer.Option("--lab", envvar="LABCTL_LAB", metavar="NAME", help="Which lab; default: the only one."),
]


def _known(kind: str) -> str:
    from labctl.runtimes import chosen_kind

    return chosen_kind(kind)


def _possible(kind: str) -> str:
    from labctl.runtimes import AUTO

    return kind if kind == AUTO else _known(kind)


def _runtime(callback: Callable[[str], str]) -> Any:
    return typer.Option(
        "--runtime",
        envvar="LABCTL_RUNTIME",
        metavar="KIND",
        callback=callback,
        help="What runs a new lab: docker, local, or auto: docker where an engine answers.",
    )


RuntimeKind = Annotated[str, _runtime(_known)]
RuntimeWish = Annotated[str, _runtime(_possible)]
"""The same, but `auto` stays as it is: an engine takes its time to answer, and may not be needed."""

AsJson = Annotated[bool, typer.Option("--json", help="For machines: one versioned JSON object.")]


def chosen_name(name: str | None) -> str:
    """The name that was given, else the only lab's, else `lab`; NoSuchLab when there is none."""
    labs = names()
    if name is not None:
        if name not in labs:
            here = f"; there are {', '.join(labs)}" if labs else ""
            raise NoSuchLab(f"there is no lab {name}{here}", hint=f"labctl up --name {name}")
        return name
    if not labs:
        raise NoSuchLab("no lab is up", hint="labctl up")
    if len(labs) == 1:
        return labs[0]
    if DEFAULT_NAME in labs:
        return DEFAULT_NAME
    raise UsageError(
        f"there are several labs: {', '.join(labs)}", hint=f"add --lab {labs[0]}, or set LABCTL_LAB"
    )


def chosen(name: str | None) -> "Lab":
    """The lab that a command means, opened."""
    which = chosen_name(name)
    from labctl.lab import lab  # after the name: a wrong one is said at once

    opened = lab.open_lab(which)
    note(opened)
    return opened


def aimed(name: str) -> str:
    """What to add to a command so that it means this lab: nothing for the default one."""
    return "" if name == DEFAULT_NAME else f" --lab {name}"
