"""Limit: change how much memory and CPU each replica of a component may use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from labctl.actions.base import Edit, Plan, action
from labctl.errors import FaultDidNotTake
from labctl.stack.wanted import Limits, Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack

_SIZE = re.compile(r"(\d+)([mg])b?", re.IGNORECASE)


def _memory(text: str) -> str:
    if text != "none" and (not _SIZE.fullmatch(text) or _mib(text) < 16):
        raise ValueError(f"{text!r} is no size: write it like 256m or 1g, at least 16m, or none")
    return text


def _mib(text: str) -> int:
    number, unit = _SIZE.fullmatch(text).groups()  # type: ignore[union-attr]  # _memory has looked
    return int(number) * (1024 if unit in "gG" else 1)


@action("limit", "Change how much memory and CPU each replica of a component may use.")
class Limit(Edit):
    component: str = Field(description="A component of ours.")
    memory: Annotated[str, AfterValidator(_memory)] | None = Field(None, description="256m, 1g, or none.")
    cpus: Annotated[float, Field(gt=0, le=64)] | Literal["none"] | None = Field(
        None, description="Cores, such as 0.5, or none."
    )

    @model_validator(mode="after")
    def _something(self) -> Limit:
        if self.memory is None and self.cpus is None:
            raise ValueError("limit takes memory, cpus or both")
        return self

    def check(self, stack: Stack) -> None:
        stack[self.component]

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:  # noqa: ARG002
        return wanted.edit(self.component, limits=self._onto(wanted[self.component].limits))

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:  # noqa: ARG002
        was = wanted[self.component].limits
        undo: dict[str, str | float] = {}
        if self.memory is not None:
            undo["memory"] = _text(was)[0]
        if self.cpus is not None:
            undo["cpus"] = "none" if was.cpus is None else was.cpus
        return Plan(
            summary=f"limit {self.component} to {_said(self._onto(was))} (was {_said(was)})",
            component=self.component,
            undo=({"limit": {"component": self.component, **undo}},),
        )

    def verify(self, lab: Lab) -> None:
        want = lab.wanted()[self.component].limits
        for replica in lab.runtime.observe():
            if replica.component == self.component and replica.limits != want:
                raise FaultDidNotTake(f"{replica.name} may use {_said(replica.limits)}, not {_said(want)}")

    def _onto(self, limits: Limits) -> Limits:
        memory, cpus = limits.memory_mb, limits.cpus
        if self.memory is not None:
            memory = None if self.memory == "none" else _mib(self.memory)
        if self.cpus is not None:
            cpus = None if self.cpus == "none" else self.cpus
        return Limits(memory, cpus)


def _text(limits: Limits) -> tuple[str, str]:
    memory = "none" if limits.memory_mb is None else f"{limits.memory_mb}m"
    return memory, "none" if limits.cpus is None else f"{limits.cpus:g}"


def _said(limits: Limits) -> str:
    memory, cpus = _text(limits)
    parts = [f"{memory} of memory"] if memory != "none" else []
    parts += [f"{cpus} CPUs"] if cpus != "none" else []
    return " and ".join(parts) or "what it likes"
