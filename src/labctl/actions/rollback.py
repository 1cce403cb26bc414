"""Rollback: go back to the release before. It never touches settings, flags or data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr

from labctl.actions.base import Edit, Plan, action
from labctl.actions.change import earlier_releases
from labctl.actions.deploy import runs
from labctl.errors import ActionRefused
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack


@action("rollback", "Go back to the release before; settings and flags stay as they are.")
class Rollback(Edit):
    component: str = Field(description="A component that was deployed before.")
    # Settled by the plan: once this rollback is in the journal, the history reads differently.
    _target: str | None = PrivateAttr(None)

    def check(self, stack: Stack) -> None:
        stack[self.component]

    def plan(self, lab: Lab) -> Plan:
        history = earlier_releases(lab.journal.read(), self.component)
        if not history:
            runs_now = lab.wanted()[self.component].release or "what it came with"
            raise ActionRefused(
                f"{self.component} has no release to go back to: it runs {runs_now}, and nothing was "
                "deployed before that",
                hint=f"labctl changes {self.component}",
            )
        self._target = history[-1]
        return super().plan(lab)

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        return wanted.edit(self.component, release=self._target)

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        was = wanted[self.component].release
        return Plan(
            summary=f"roll {self.component} back to {self._target} (was {was})",
            component=self.component,
            undo=({"deploy": {"component": self.component, "release": was}},),
        )

    def verify(self, lab: Lab) -> None:
        runs(lab, self.component, str(self._target))
