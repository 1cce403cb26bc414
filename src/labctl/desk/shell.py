"""A shell, or one command, inside a replica: its files, its environment, its user, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.runtimes.base import Beside

SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")


def inside(lab: Lab, name: str, argv: Sequence[str] = (), *, terminal: bool) -> Beside:
    """How to run a command, by default a shell, in a component's replica or in the one of that name.

    UsageError for what is not the shop's own: there is nothing there to be found out.
    """
    component = name if name in lab.stack.components else name.rpartition("-")[0]
    if component not in lab.stack.components:
        component = name
    owner = lab.stack[component].owner
    if owner != "shop":
        whose = "a third party's" if owner == "third-party" else "part of the lab itself"
        ours = ", ".join(lab.stack.owned_by("shop")[:4])
        raise UsageError(f"{component} is {whose}: nobody lets you in", hint=f"labctl sh with {ours} …")
    return lab.runtime.beside(name, argv or SHELL, terminal=terminal)
