"""Changes: what actions did to a lab, as a fold over its journal. No I/O.

    change.begun ──► change.done | change.failed ──► change.undone
A change is in force from the moment it begins: a crash right after may have applied it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from labctl.actions.base import Step


class Role(StrEnum):
    """Why an action is done; never what it does."""

    FAULT = "fault"
    FIX = "fix"
    DECOY = "decoy"
    NOISE = "noise"
    INJECT = "inject"
    LEARNER = "learner"

    @property
    def of_the_house(self) -> bool:
        """Whether it is done by those who run the shop, who can't change what is not theirs."""
        return self in (Role.FIX, Role.DECOY, Role.LEARNER)


class State(StrEnum):
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"  # it may be in force all the same
    REFUSED = "refused"  # it is not in force
    UNDONE = "undone"


@dataclass(frozen=True)
class Change:
    """One action that was done, with what takes it back."""

    id: str
    wall_s: float
    role: Role
    by: str
    step: Step
    component: str | None
    summary: str
    undo: tuple[Step, ...]
    needs_reset: bool
    state: State = State.BEGUN
    took_s: float | None = None
    error: str | None = None

    @property
    def action(self) -> str:
        """The action's name, such as `deploy`."""
        return next(iter(self.step))

    @property
    def in_force(self) -> bool:
        return self.state not in (State.REFUSED, State.UNDONE)

    @property
    def outstanding(self) -> bool:
        """Whether something remains to be taken back."""
        return self.in_force and bool(self.undo or self.needs_reset)


class JournalEvent(Protocol):
    """What the folds read of a journal event."""

    @property
    def wall_s(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


def changes(events: Iterable[JournalEvent], *, forget_at_reset: bool = False) -> list[Change]:
    """Every change in the order in which it began; optionally only those since the last reset."""
    found: dict[str, Change] = {}
    for event in events:
        if event.kind == "lab.reset" and forget_at_reset:
            found.clear()
        elif event.kind == "change.begun":
            found[event.payload["id"]] = _begun(event)
        elif event.kind.startswith("change.") and event.payload.get("id") in found:
            change = found[event.payload["id"]]
            found[change.id] = _moved(change, event)
    return list(found.values())


def outstanding(events: Iterable[JournalEvent]) -> list[Change]:
    """The changes that recover must take back, the newest first."""
    since_reset = changes(events, forget_at_reset=True)
    return [change for change in reversed(since_reset) if change.outstanding]


def earlier_releases(events: Iterable[JournalEvent], component: str) -> list[str]:
    """What a component ran before what it runs now, the newest last: deploys add, rollbacks take off."""
    history: list[str] = []
    for change in changes(events, forget_at_reset=True):
        if change.component != component or not change.in_force:
            continue
        if change.action == "deploy":
            history.extend(step["deploy"]["release"] for step in change.undo)
        elif change.action == "rollback" and history:
            history.pop()
    return history


def _begun(event: JournalEvent) -> Change:
    payload = event.payload
    return Change(
        id=payload["id"],
        wall_s=event.wall_s - payload.get("age_s", 0.0),
        role=Role(payload["role"]),
        by=payload["by"],
        step=payload["step"],
        component=payload["component"],
        summary=payload["summary"],
        undo=tuple(payload["undo"]),
        needs_reset=payload["needs_reset"],
    )


def _moved(change: Change, event: JournalEvent) -> Change:
    payload = event.payload
    match event.kind:
        case "change.done":
            return replace(change, state=State.DONE, took_s=payload.get("took_s"), error=payload.get("note"))
        case "change.failed":
            state = State.REFUSED if payload.get("refused") else State.FAILED
            return replace(change, state=state, error=payload["error"])
        case "change.undone":
            return replace(change, state=State.UNDONE)
        case _:
            return change
