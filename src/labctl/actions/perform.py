"""Doing an action: planned, its undo journaled, then applied and looked at; and taking it back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labctl.actions import steps
from labctl.actions.base import Action, Plan
from labctl.actions.change import Change, Role, changes, outstanding
from labctl.errors import ActionRefused, LabError, RuntimeFailed, UsageError
from labctl.lab import lock

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

__all__ = ["Change", "Role", "changes", "outstanding", "perform", "undo"]


def perform(lab: Lab, action: Action, *, role: Role, by: str, age_s: float = 0.0) -> Change:
    """Do it, and return once it has taken effect; history has it `age_s` ago (innocent old changes).

    Raises ActionRefused when it may not be done or would change nothing, FaultDidNotTake when its
    effect is not there, RuntimeFailed when a component does not come up; except for a fault,
    which may well be meant to keep a component down: then the change's `error` says so.
    """
    with lock.apply(lab):
        action.check(lab.stack)
        _may(lab, action, role)
        plan = action.plan(lab)
        who = {"role": str(role), "by": by, "age_s": age_s}
        identity = _begin(lab, plan, {**who, "step": action.step()})
        started = lab.clock.now()
        try:
            note = _apply(lab, action, role)
            action.verify(lab)
        except LabError as error:
            refused = isinstance(error, ActionRefused)
            lab.journal.append("change.failed", {"id": identity, "error": error.message, "refused": refused})
            raise
        done = {"id": identity, "took_s": round(lab.clock.now() - started, 3), "note": note}
        lab.journal.append("change.done", done)
    return _find(lab, identity)


def undo(lab: Lab, change: Change | str) -> Change:
    """Take a change back, step by step, and journal it; safe to repeat, and after any crash."""
    found = _find(lab, change if isinstance(change, str) else change.id)
    with lock.apply(lab):
        for step in found.undo:
            _take_back(lab, steps.parse(step))
        lab.journal.append("change.undone", {"id": found.id})
    return _find(lab, found.id)


def _take_back(lab: Lab, action: Action) -> None:
    try:
        action.apply(lab)
    except ActionRefused:
        return  # it is so already: the change never came into force, or was taken back before
    action.verify(lab)


def _may(lab: Lab, action: Action, role: Role) -> None:
    """What is not the shop's can't be changed by those who run the shop."""
    component = action.concerns
    if component is None or not role.of_the_house:
        return
    owner = lab.stack[component].owner
    if owner != "shop":
        whose = "a third party's" if owner == "third-party" else "part of the lab itself"
        raise ActionRefused(
            f"{component} is not ours to change: it is {whose}",
            hint=f"change what depends on it: {', '.join(lab.stack.owned_by('shop')[:4])} …",
        )


def _begin(lab: Lab, plan: Plan, asked: Mapping[str, Any]) -> str:
    identity = secrets.token_hex(4)
    payload = {
        **asked,
        "id": identity,
        "component": plan.component,
        "summary": plan.summary,
        "undo": list(plan.undo),
        "needs_reset": plan.needs_reset,
    }
    lab.journal.append("change.begun", payload)
    return identity


def _apply(lab: Lab, action: Action, role: Role) -> str | None:
    try:
        action.apply(lab)
    except RuntimeFailed as error:
        if role.of_the_house:
            raise
        return error.message
    return None


def _find(lab: Lab, identity: str) -> Change:
    for change in changes(lab.journal.read()):
        if change.id == identity:
            return change
    raise UsageError(f"there is no change {identity} in lab {lab.name}", hint="labctl changes")
