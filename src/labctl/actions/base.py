"""What an action is. Fault, fix, decoy, noise and inject are roles of an action, never kinds of one.

An action is a pydantic model: its fields are the schema of its parameters, in scenario files and on
the command line alike. To add one: a module here with one class, decorated with `@action`, and its test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from labctl.errors import ActionRefused, FaultDidNotTake
from labctl.stack.wanted import Wanted

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.stack.compose import Stack

Step = Mapping[str, Mapping[str, Any]]
"""An action as data: `{"deploy": {"component": "checkout", "release": "2.4.0"}}`."""


@dataclass(frozen=True)
class Plan:
    """What an action is about to do, settled before it does it, from the lab as it is now.

    `undo` are the steps that take it back, in order; empty when nothing remains to be taken back.
    `needs_reset` says that only recreated data takes it back.
    """

    summary: str  # "deploy checkout 2.4.0 (was 2.3.0)": what `labctl changes` shows
    component: str | None
    undo: tuple[Step, ...] = ()
    needs_reset: bool = False


class Action(BaseModel):
    """One typed change to a lab."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]  # the key in a scenario file and the command's name
    about: ClassVar[str]  # one line for help and documentation
    outlives: ClassVar[bool] = False  # the stack and its reset: it reaches further, and only undo ends it

    @property
    def concerns(self) -> str | None:
        """The component that it changes, if it is one."""
        return getattr(self, "component", None)

    @property
    def told(self) -> bool:
        """Whether colleagues know of it, by `labctl changes`; else it is seen by what it does alone."""
        return True

    def check(self, stack: Stack) -> None:
        """What is wrong without looking at a lab, such as a name that does not exist: UsageError."""

    def plan(self, lab: Lab) -> Plan:
        """Check it against the lab; ActionRefused if it may not be done or would change nothing."""
        raise NotImplementedError

    def apply(self, lab: Lab) -> None:
        raise NotImplementedError

    def verify(self, lab: Lab) -> None:
        """Look at the lab, not at what was asked for; FaultDidNotTake if the effect is not there."""
        raise NotImplementedError

    def step(self) -> Step:
        """This action as data."""
        return {self.name: self.model_dump(mode="json", by_alias=True, exclude_none=True)}


class Edit(Action):
    """An action that is an edit of the wanted state, which is most of them."""

    def edit(self, wanted: Wanted, lab: Lab) -> Wanted:
        raise NotImplementedError

    def describe(self, wanted: Wanted, lab: Lab) -> Plan:
        """The plan, given that the edit changes something."""
        raise NotImplementedError

    def plan(self, lab: Lab) -> Plan:
        self.check(lab.stack)
        wanted = lab.wanted()
        if self.edit(wanted, lab) == wanted:
            raise self._nothing_to_do()
        return self.describe(wanted, lab)

    def apply(self, lab: Lab) -> None:
        wanted = lab.wanted()
        edited = self.edit(wanted, lab)
        if edited == wanted:
            raise self._nothing_to_do()
        lab.apply(edited)

    def verify(self, lab: Lab) -> None:
        wanted = lab.wanted()
        if self.edit(wanted, lab) != wanted:
            raise FaultDidNotTake(f"{self.name} was applied and the lab does not want it")

    def _nothing_to_do(self) -> ActionRefused:
        return ActionRefused(f"{self.name} changes nothing: it is already so", hint="labctl status")


REGISTRY: dict[str, type[Action]] = {}
"""Every action by its name. `labctl.actions` fills it: its own modules, then entry points."""

A = TypeVar("A", bound=type[Action])


def action(name: str, about: str) -> Callable[[A], A]:
    """Register an action class under the name that scenario files and the command line use."""

    def register(cls: A) -> A:
        cls.name, cls.about = name, about
        REGISTRY[name] = cls
        return cls

    return register
