"""Restart: stop a component's replicas and start them again, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr

from labctl.actions.base import Edit, Plan, action
from labctl.errors import ActionRefused, FaultDidNotTake
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack


@action("restart", "Stop a component's replicas and start them again.")
class Restart(Edit):
    component: str = Field(description="The component.")
    _before: frozenset[str] = PrivateAttr(frozenset())

    def check(self, stack: Stack) -> None:
        stack[self.component]

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        return wanted.edit(self.component, restarts=wanted[self.component].restarts + 1)

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        if wanted[self.component].replicas == 0:
            raise ActionRefused(
                f"{self.component} has no replica to restart: it is scaled to 0",
                hint=f"labctl scale {self.component} 1",
            )
        return Plan(summary=f"restart {self.component}", component=self.component)

    def apply(self, lab: Lab) -> None:
        self._before = self._identities(lab)
        super().apply(lab)

    def verify(self, lab: Lab) -> None:
        kept = self._before & self._identities(lab)
        if kept:
            raise FaultDidNotTake(f"{self.component} was restarted, and {', '.join(sorted(kept))} still runs")

    def _identities(self, lab: Lab) -> frozenset[str]:
        return frozenset(each.identity for each in lab.runtime.observe() if each.component == self.component)
