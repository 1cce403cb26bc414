"""Evidence in a drill: what could be found out is found out while users are hurt, for the debrief.

Nobody is told before: it is journaled, sealed as all payloads are, and no screen has words for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labctl.engine import phases
from labctl.engine.machine import Drill, Phase

if TYPE_CHECKING:
    from labctl.lab.journal import Event
    from labctl.lab.lab import Lab
    from labctl.scenario.asked import Evidence
    from labctl.scenario.model import Scenario
    from labctl.slo.sli import Second

KIND = "evidence.found"
_LONGEST = 300
_LOOKS_AGAIN = 40
"""How often, altogether, what did not hold is looked for again: what climbs takes a moment to show."""


class Gathering:
    """For one driver of one drill: which pieces are still to be executed, as the journal has it."""

    def __init__(self, lab: Lab, scenario: Scenario) -> None:
        self._lab, self._scenario = lab, scenario
        self._left: list[Evidence] = []
        self._absent: list[Evidence] = []  # executed, and did not hold
        self._looks = _LOOKS_AGAIN

    def hear(self, event: Event) -> None:
        """A drill begins with every piece; what was found to hold is not asked again."""
        if event.kind == "drill.begun":
            self._left, self._absent, self._looks = list(self._scenario.evidence), [], _LOOKS_AGAIN
        elif event.kind == KIND:
            told = event.payload
            asked = [each for each in (*self._left, *self._absent) if each.say == told["say"]]
            self._left = [each for each in self._left if each not in asked]
            self._absent = [each for each in self._absent if each not in asked]
            if not told["holds"] and "error" not in told:
                self._absent += asked

    def find(self) -> Mapping[str, Any] | None:
        """Execute the next piece, or one again that did not hold; None when there is nothing new to tell.

        One at a time: a part of the lab that hangs keeps the driver for seconds, not for all of them on end.
        """
        if self._left:
            return found(self._lab, self._left[0])
        if not self._absent or not self._looks:
            return None
        self._looks -= 1
        self._absent.append(self._absent.pop(0))
        told = found(self._lab, self._absent[-1])
        return told if told["holds"] else None


def due(drill: Drill, page: str | None, seconds: Sequence[Second]) -> bool:
    """Whether a drill is where proofs execute evidence: users are hurt, the page, where one is expected, has
    come and a second after it is final, and nobody has changed anything: what is found is the incident's."""
    if drill.mode != "drill" or drill.phase is not Phase.RED or drill.acting:
        return False
    if page is None:
        return True
    fired_wall_s = drill.fired_wall_s
    return fired_wall_s is not None and bool(seconds) and seconds[-1].wall_s > fired_wall_s


def found(lab: Lab, evidence: Evidence) -> dict[str, Any]:
    """One piece as the journal keeps it: its value, None where there is none, or why it has none."""
    try:
        shown = phases.show(lab, evidence, aside=True)
    except Exception as error:  # noqa: BLE001 — the drill goes on, and its debrief tells
        said = " ".join(str(error).split()) or type(error).__name__
        return {"say": evidence.say, "value": None, "holds": False, "error": said[:_LONGEST]}
    return {"say": evidence.say, "value": _plain(shown.value), "holds": shown.holds}


def _plain(value: float | str | None) -> float | str | None:
    """JSON knows no infinity, and not what is no number: as words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
