"""Scale: run more or fewer replicas of a component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from labctl.actions.base import Edit, Plan, action
from labctl.errors import FaultDidNotTake, UsageError
from labctl.runtimes.base import State
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack


@action("scale", "Run more or fewer replicas of a component.")
class Scale(Edit):
    component: str = Field(description="Any component; only our own services can have several replicas.")
    replicas: int = Field(ge=0, le=10, description="How many run; 0 stops it.")

    def check(self, stack: Stack) -> None:
        component = stack[self.component]
        several = component.recipe == "service" and component.owner != "lab"
        if self.replicas > 1 and not several:
            raise UsageError(
                f"{self.component} cannot have {self.replicas} replicas: it keeps state of its own"
            )

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        return wanted.edit(self.component, replicas=self.replicas)

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        was = wanted[self.component].replicas
        return Plan(
            summary=f"scale {self.component} to {self.replicas} (was {was})",
            component=self.component,
            undo=({"scale": {"component": self.component, "replicas": was}},),
        )

    def verify(self, lab: Lab) -> None:
        there = [
            each.name
            for each in lab.runtime.observe()
            if each.component == self.component and each.state is not State.STOPPED
        ]
        if len(there) != self.replicas:
            raise FaultDidNotTake(
                f"{self.component} was scaled to {self.replicas}, and it has {len(there)} replicas"
            )
