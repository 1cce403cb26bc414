"""Who is told as a run makes its attempts."""

from __future__ import annotations

from typing import Protocol

from labctl.lab.journal import Event
from labctl.proof import Check, Proof
from labctl.proving.plan import Part, Task


class Listener(Protocol):
    """Who is told as it happens; called from the threads of all labs."""

    def begins(self, part: Part, lab: str) -> None: ...
    def checked(self, part: Part, check: Check) -> None: ...
    def happened(self, part: Part, event: Event) -> None: ...
    def ended(self, part: Part) -> None: ...
    def concluded(self, task: Task, proof: Proof) -> None: ...


class Nobody:
    """Hears everything and does nothing."""

    def begins(self, part: Part, lab: str) -> None: ...
    def checked(self, part: Part, check: Check) -> None: ...
    def happened(self, part: Part, event: Event) -> None: ...
    def ended(self, part: Part) -> None: ...
    def concluded(self, task: Task, proof: Proof) -> None: ...


class PassingOn:
    """Tells another listener all that it hears; whoever derives from it does so beside that."""

    def __init__(self, then: Listener) -> None:
        self._then = then

    def begins(self, part: Part, lab: str) -> None:
        self._then.begins(part, lab)

    def checked(self, part: Part, check: Check) -> None:
        self._then.checked(part, check)

    def happened(self, part: Part, event: Event) -> None:
        self._then.happened(part, event)

    def ended(self, part: Part) -> None:
        self._then.ended(part)

    def concluded(self, task: Task, proof: Proof) -> None:
        self._then.concluded(task, proof)
