"""Whose a component is: what a person on call may look into, and what is another's home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


def ours(lab: Lab, component: str, otherwise: str) -> str:
    """The component's name; UsageError with `otherwise` when it is a third party's, or there is none."""
    found = lab.stack[component]
    if found.owner == "third-party":
        raise UsageError(
            f"{component} is a third party: {otherwise}",
            hint="look at those who call it: labctl trace ID, labctl query, labctl logs",
        )
    return found.name
