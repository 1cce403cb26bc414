"""Changes: what was changed in this lab and when, as a colleague would see it. Never why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from labctl.actions import steps
from labctl.actions.change import Change, Role, State, changes
from labctl.errors import UsageError
from labctl.lab.journal import Event
from labctl.stack import release
from labctl.stack.releases_file import Release

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_COLLEAGUE = "ops"
_BY_HAND = "you"


@dataclass(frozen=True)
class ChangeRow:
    """One change. Learner's and others' differ only in `who`: nothing here tells a fault from noise."""

    wall_s: float
    who: str
    action: str
    component: str | None
    summary: str
    message: str  # of the release, where it is one
    took_s: float | None
    state: str
    id: str  # empty for what happened before the lab began


def history(lab: Lab, component: str | None = None) -> list[ChangeRow]:
    """Every change since the last reset and the releases that it began with, the oldest first."""
    if component is not None:
        lab.stack[component]
    rows = [*_before(lab), *(_row(lab, change) for change in _seen(lab)), *_past_labctl(lab)]
    chosen = [row for row in rows if component in (None, row.component)]
    return sorted(chosen, key=lambda row: row.wall_s)


def _seen(lab: Lab) -> list[Change]:
    since_reset = changes(lab.journal.read(), forget_at_reset=True)
    return [change for change in since_reset if change.state is not State.REFUSED and _ours(lab, change)]


def _past_labctl(lab: Lab) -> list[ChangeRow]:
    """What somebody changed with docker, psql or a signal since the last reset, as the journal has it."""
    rows: list[ChangeRow] = []
    for event in lab.journal.read():
        if event.kind == "lab.reset":
            rows.clear()
        elif event.kind == "change.seen":
            rows.append(_by_hand(event))
    return rows


def _by_hand(event: Event) -> ChangeRow:
    payload = event.payload
    return ChangeRow(
        wall_s=payload.get("at_wall_s", event.wall_s),
        who=_BY_HAND,
        action=payload["by"],
        component=payload.get("component"),
        summary=f"{payload['by']}: {payload['said']}",
        message="",
        took_s=None,
        state=State.DONE,
        id=f"seen-{event.seq}",
    )


def _ours(lab: Lab, change: Change) -> bool:
    """Nobody tells the shop what others change at home, or what goes unsaid everywhere."""
    if change.component is not None and lab.stack[change.component].owner != "shop":
        return False
    return change.role.of_the_house or _told(change)


def _told(change: Change) -> bool:
    try:
        return steps.parse(change.step).told
    except UsageError:  # of an action that is installed no more
        return True


def _before(lab: Lab) -> list[ChangeRow]:
    """The deploys that came before the lab: each component's releases up to its base."""
    rows: list[ChangeRow] = []
    for component in release.components():
        if component not in lab.stack.components:
            continue
        rows.extend(_shipped(component, each) for each in _up_to_base(component))
    return rows


def _shipped(component: str, shipped: Release) -> ChangeRow:
    return ChangeRow(
        wall_s=datetime.fromisoformat(shipped.date).timestamp(),
        who=shipped.author,
        action="deploy",
        component=component,
        summary=f"deploy {component} {shipped.version}",
        message=shipped.message,
        took_s=None,
        state=State.DONE,
        id="",
    )


def _up_to_base(component: str) -> list[Release]:
    listed = release.releases(component)
    versions = [each.version for each in listed]
    return listed[: versions.index(release.base(component)) + 1]


def _row(lab: Lab, change: Change) -> ChangeRow:
    shipped = _release(lab, change)
    return ChangeRow(
        wall_s=change.wall_s,
        who=_who(change, shipped),
        action=change.action,
        component=change.component,
        summary=change.summary,
        message=shipped.message if shipped else "",
        took_s=change.took_s,
        state=change.state,
        id=change.id,
    )


def _who(change: Change, shipped: Release | None) -> str:
    """A learner's own change bears their name; others' that of the release's author, or a colleague's."""
    if change.role in (Role.LEARNER, Role.FIX, Role.DECOY):
        return change.by
    return shipped.author if shipped else _COLLEAGUE


def _release(lab: Lab, change: Change) -> Release | None:
    version = change.step.get("deploy", {}).get("release")
    if version is None or change.component is None:
        return None
    return release.find(change.component, version, settings=lab.settings)
