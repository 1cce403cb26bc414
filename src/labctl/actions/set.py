"""Set: change a component's settings, which are environment; its replicas are replaced, new before old."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from labctl.actions.base import Edit, Plan, action
from labctl.actions.settings import settings_of, wiring
from labctl.errors import UsageError
from labctl.stack.strict_yaml import did_you_mean
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack

_KEY = re.compile(r"[A-Z][A-Z0-9_]*")


@action("set", "Change a component's settings; null takes one back to its default.")
class Set(Edit):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow",
        frozen=True,
        json_schema_extra={
            "additionalProperties": False,
            "patternProperties": {f"^{_KEY.pattern}$": {"type": ["string", "number", "null"]}},
            "minProperties": 2,
        },
    )

    component: str = Field(description="A component with settings.")

    @model_validator(mode="after")
    def _settings_only(self) -> Set:
        given = self.model_extra or {}
        if not given:
            raise ValueError("set takes at least one setting, like DB_POOL_MAX: 8")
        for key, value in given.items():
            if not _KEY.fullmatch(key):
                raise ValueError(f"{key!r} is no setting: settings look like DB_POOL_MAX")
            if not (value is None or isinstance(value, str | int | float)):
                raise ValueError(f"{key} takes text or a number, and not {value!r}")
        return self

    @property
    def values(self) -> Mapping[str, str | None]:
        """The settings as text; None takes one back to its default."""
        return {key: _text(value) for key, value in (self.model_extra or {}).items()}

    def check(self, stack: Stack) -> None:
        component = stack[self.component]
        known = settings_of(component)
        for key in self.values:
            if wiring(key):
                raise UsageError(f"{key} wires {self.component} up and is no setting of it")
            if key not in known:
                nearest = did_you_mean(key, known) or f"there are {', '.join(sorted(known)) or 'none'}"
                raise UsageError(f"{self.component} has no setting {key}", hint=nearest)

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        merged = {**wanted[self.component].environment, **self.values}
        kept = {key: value for key, value in merged.items() if value is not None}
        return wanted.edit(self.component, environment=kept)

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        before = wanted[self.component].environment
        was = {key: before.get(key) for key in self.values}
        said = ", ".join(
            f"{key}={_said(value)} (was {_said(was[key])})" for key, value in self.values.items()
        )
        return Plan(
            summary=f"set {self.component} {said}",
            component=self.component,
            undo=({"set": {"component": self.component, **was}},),
        )

    def step(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"component": self.component, **self.values}}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "on" if value else "off"
    return None if value is None else str(value)


def _said(value: str | None) -> str:
    return "default" if value is None else value
