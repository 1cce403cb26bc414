"""Which lab a command means."""

from typing import TYPE_CHECKING, Annotated

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


RuntimeKind = Annotated[
    str,
    typer.Option(
        "--runtime",
        envvar="LABCTL_RUNTIME",
        metavar="KIND",
        callback=_known,
        help="What runs a new lab: docker, local, or auto: docker where an engine answers.",
    ),
]

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
