"""Fixes and decoys that would change nothing: found without a lab, by editing the wanted state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from labctl.actions.base import Action, Edit
from labctl.errors import LabError
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act, Place
from labctl.stack.compose import Stack, baseline
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

PURE = {"set", "flag", "limit", "scale", "restart"}
"""Actions whose edit looks at the wanted state alone, so that no lab is needed."""


class _State:
    """The wanted state, and what each component ran before."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.before: dict[str, list[str | None]] = {}

    def do(self, action: Action) -> bool | None:
        """Whether the action changes something; None when that cannot be told from here."""
        was = self.wanted
        if action.name == "rollback":
            return self._roll_back(str(action.concerns))
        release = getattr(action, "release", None)
        if action.name == "deploy" and release and action.concerns:
            self.wanted = was.edit(action.concerns, release=release)
            if self.wanted != was:
                self.before.setdefault(action.concerns, []).append(was[action.concerns].release)
        elif action.name in PURE and isinstance(action, Edit):
            self.wanted = action.edit(was, cast("Lab", None))
        else:
            return None
        return self.wanted != was

    def _roll_back(self, component: str) -> bool:
        if not self.before.get(component):
            return False
        self.wanted = self.wanted.edit(component, release=self.before[component].pop())
        return True


def changes_nothing(scenario: Scenario, stack: Stack) -> Iterator[tuple[Place, str]]:
    """Each step that an operator would be refused, because the lab is that way already."""
    try:
        shipped = baseline(stack)
    except LabError:
        return  # the stack's own mistakes are not the scenario's
    yield from _refused(_State(shipped), [*scenario.noise], ("noise",))
    yield from _refused(_broken(scenario, shipped, with_faults=False), [*scenario.faults], ("faults",))
    for group in ("fixes", "decoys"):
        for index, attempt in enumerate(getattr(scenario, group)):
            yield from _refused(_broken(scenario, shipped), attempt.do, (group, index, "do"))


def _broken(scenario: Scenario, shipped: Wanted, *, with_faults: bool = True) -> _State:
    state = _State(shipped)
    for act in (*scenario.noise, *(scenario.faults if with_faults else ())):
        state.do(act.action)
    return state


def _refused(state: _State, steps: Sequence[object], place: Place) -> Iterator[tuple[Place, str]]:
    for index, step in enumerate(steps):
        if isinstance(step, Act) and state.do(step.action) is False:
            yield (*place, index), f"`{step}` changes nothing here: it is already so"
