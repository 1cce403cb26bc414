"""Deploy: run another release of a component, or the learner's own hot-fix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, PrivateAttr, model_validator

from labctl.actions.base import Edit, Plan, action
from labctl.errors import FaultDidNotTake
from labctl.stack import release
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack


@action("deploy", "Run another release of a component, or a hot-fix from a folder.")
class Deploy(Edit):
    component: str = Field(description="A component that has releases.")
    release: str | None = Field(None, description="A release, as in services/<component>/releases.toml.")
    source: Path | None = Field(None, alias="from", description="A folder with changed files.")
    _settled: str | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _one_of_both(self) -> Deploy:
        if (self.release is None) == (self.source is None):
            raise ValueError("deploy takes either a release or a folder (from)")
        return self

    def check(self, stack: Stack) -> None:
        stack[self.component]
        release.releases(self.component)
        if self.release and not self.release.startswith(release.HOTFIX):
            release.find(self.component, self.release)

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:
        return wanted.edit(self.component, release=self._version(lab))

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:
        was = wanted[self.component].release
        return Plan(
            summary=f"deploy {self.component} {self._version(lab)} (was {was})",
            component=self.component,
            undo=({"deploy": {"component": self.component, "release": was}},),
        )

    def verify(self, lab: Lab) -> None:
        runs(lab, self.component, self._version(lab))

    def _version(self, lab: Lab) -> str:
        """The release's name; a folder becomes a release of this lab the first time it is asked for."""
        if self._settled is None:
            if self.source is not None:
                self._settled = release.add_hotfix(lab.settings, self.component, self.source)
            else:
                found = release.find(self.component, str(self.release), settings=lab.settings)
                self._settled = found.version
        return self._settled


def runs(lab: Lab, component: str, version: str) -> None:
    """FaultDidNotTake unless every replica of the component runs this release."""
    others = [
        f"{replica.name} runs {replica.release}"
        for replica in lab.runtime.observe()
        if replica.component == component and replica.release != version
    ]
    if others:
        raise FaultDidNotTake(f"{component} {version} was deployed, and {', '.join(others)}")
