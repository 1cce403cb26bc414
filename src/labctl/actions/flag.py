"""Flag: change a switch or tunable of a service while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from labctl.actions.base import Edit, Plan, action
from labctl.errors import FaultDidNotTake, UsageError
from labctl.stack.flags import Declared, declared, told
from labctl.stack.strict_yaml import did_you_mean
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack


@action("flag", "Change a switch or tunable of a service while it runs.")
class Flag(Edit):
    flag: str = Field(alias="name", description="A flag of services/flags.toml.")
    value: str | None = Field(description="on, off, 10%, 3s, 12 …; null is its default.")

    @field_validator("value", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return "on" if value else "off"
        return str(value) if isinstance(value, int | float) else value

    @property
    def concerns(self) -> str | None:
        return self._declared.component

    @property
    def _declared(self) -> Declared:
        try:
            return declared()[self.flag]
        except KeyError:
            raise UsageError(f"there is no flag {self.flag!r}") from None

    def check(self, stack: Stack) -> None:
        if self.flag not in declared():
            ours = stack.owned_by("shop")
            names = sorted(name for name, each in declared().items() if each.component in ours)
            nearest = did_you_mean(self.flag, names) or f"there are {', '.join(names)}"
            raise UsageError(f"there is no flag {self.flag!r}", hint=nearest)
        if self.value is not None:
            self._declared.check(self.value)

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        default = self.value in (None, self._declared.default)
        return wanted.flag(self.flag, None if default else self.value)

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        default = self._declared.default
        was = wanted.flags.get(self.flag, default)
        return Plan(
            summary=f"flag {self.flag} {self.value or default} (was {was})",
            component=self._declared.component,
            undo=({"flag": {"name": self.flag, "value": was}},),
        )

    def verify(self, lab: Lab) -> None:
        super().verify(lab)
        services = told(lab.settings)
        if services is None:
            return  # a runtime without processes has nobody to tell
        heard, want = services.get(self.flag), lab.wanted().flags.get(self.flag)
        if heard != want:
            raise FaultDidNotTake(f"flag {self.flag} should be {want}, and services are told {heard}")

    def step(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"name": self.flag, "value": self.value}}
