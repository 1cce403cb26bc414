"""Diff: what truly differs between two releases of a component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.actions.change import earlier_releases
from labctl.errors import UsageError
from labctl.stack import release
from labctl.stack.releases_file import Release

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


@dataclass(frozen=True)
class Difference:
    """Two releases, and the unified diff between them; empty `text` means the same code."""

    component: str
    old: Release
    new: Release
    text: str


def difference(lab: Lab, component: str, old: str | None = None, new: str | None = None) -> Difference:
    """Between two releases; by default between the one before and the one that runs now.

    With one release given, between that one and the one that runs now.
    """
    lab.stack[component]
    release.releases(component)
    new = new or lab.wanted()[component].release or release.base(component)
    old = old or _before(lab, component, new)
    return Difference(
        component,
        release.find(component, old, settings=lab.settings),
        release.find(component, new, settings=lab.settings),
        release.diff(component, old, new, settings=lab.settings),
    )


def _before(lab: Lab, component: str, new: str) -> str:
    earlier = earlier_releases(lab.journal.read(), component)
    if earlier:
        return earlier[-1]
    listed = None if new.startswith(release.HOTFIX) else release.previous(component, new)
    if listed is None:
        raise UsageError(
            f"{component} {new} is the first release: there is none before it to compare with",
            hint=f"labctl diff {component} OLD NEW",
        )
    return listed
