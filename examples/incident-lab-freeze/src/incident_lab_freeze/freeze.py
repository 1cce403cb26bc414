"""Freeze: a component's replicas hang. They keep their connections, accept new ones, and answer nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from labctl.actions.base import Action, Plan, action
from labctl.clock import await_until
from labctl.errors import ActionRefused
from labctl.runtimes.base import Replica, Signal, State

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack

SEEN_WITHIN_S = 30.0


@action("freeze", "Let a component hang, or let one that hangs go on.")
class Freeze(Action):
    component: str = Field(description="The component.")
    frozen: bool = Field(True, description="true lets it hang, false lets it go on.")

    def check(self, stack: Stack) -> None:
        stack[self.component]

    def plan(self, lab: Lab) -> Plan:
        self.check(lab.stack)
        if not self._others(lab):
            already = "does not answer" if self.frozen else "is well"
            raise ActionRefused(f"{self.component} {already} already", hint="labctl status")
        verb = "freeze" if self.frozen else "thaw"
        undo = {"freeze": {"component": self.component, "frozen": not self.frozen}}
        return Plan(f"{verb} {self.component}", self.component, undo=(undo,) if self.frozen else ())

    def apply(self, lab: Lab) -> None:
        for replica in self._others(lab):
            lab.runtime.signal(replica.name, Signal.FREEZE if self.frozen else Signal.THAW)

    def verify(self, lab: Lab) -> None:
        await_until(
            lambda: not self._others(lab),
            what=f"{self.component} is {'hanging' if self.frozen else 'ready'}",
            within_s=SEEN_WITHIN_S,
            clock=lab.clock,
            last_seen=lambda: ", ".join(f"{each.name} is {each.state}" for each in self._others(lab)),
        )

    def _others(self, lab: Lab) -> list[Replica]:
        """The replicas that are not as this action would have them."""
        ours = [each for each in lab.runtime.observe() if each.component == self.component]
        return [each for each in ours if (each.state is State.READY) is self.frozen]
