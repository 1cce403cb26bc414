"""The hold, told while it runs: when it begins, now and then, when it is complete, and when it is lost."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.engine.machine import Drill
    from labctl.judge import Hold

FIRST_S, EVERY_S = 5, 10
"""From when on a stretch is worth telling, and how much more makes it worth telling again."""


class HoldTeller:
    """Called with the hold after each look at the users; says only what has changed enough."""

    def __init__(self, tell: Callable[[str], None], *, this: str = "") -> None:
        self._tell, self._this = tell, this
        self._told_s = 0
        self._complete = False

    def __call__(self, drill: "Drill", hold: "Hold") -> None:
        from labctl.engine.machine import Phase

        if drill.phase is not Phase.RED:
            return
        held_s, required_s = hold.held_s, round(hold.required_s)
        if hold.complete:
            self._say_complete(drill, required_s)
        elif (self._told_s + EVERY_S if self._told_s else FIRST_S) <= held_s < required_s:
            self._say(drill, f"Users are well: held {held_s} s of {required_s} s.")
            self._told_s = held_s
        elif held_s < FIRST_S <= self._told_s:
            self._tell(f"The hold is lost: {hold.explain()}.")
            self._told_s, self._complete = 0, False

    def _say_complete(self, drill: "Drill", required_s: int) -> None:
        if not self._complete:
            self._say(drill, f"Users have been well for {required_s} s.")
            self._told_s, self._complete = required_s, True

    def _say(self, drill: "Drill", text: str) -> None:
        claim = "" if drill.claimed else f" Is it over? labctl resolve{self._this} claims it."
        self._tell(text + claim)
