"""The challenge: after a completed hold the lab is disturbed once, and users must stay happy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from labctl.judge.problems import only_late
from labctl.judge.reading import (
    MIN_DUE,
    NO_SHEDDING,
    Objectives,
    Reading,
    allowed,
    leave_out,
    read,
    tally,
    tolerate,
)
from labctl.slo.sli import Second, Tally

FRESH_S = 15
MAX_WINDOWS = 4
"""How many times its length a window may grow while the load was late in too much of it."""
MAX_IGNORED_S = 10.0
REPLAY_RECOVERY_S = 20.0


class ChallengeKind(StrEnum):
    """How a completed hold is tried."""

    NONE = "none"  # the hold is the test
    RESTART = "restart"  # the desired state, as the learner left it; never redeploy the bad one
    REPLAY = "replay"  # the trigger once more, or the next scheduled job, or another poison event
    HEAL = "heal"  # the sick third party gets well


def ignored_s(kind: ChallengeKind, baseline_restart_s: float) -> float:
    """Seconds after the disturbance that do not count.

    Twice the restart time measured at baseline, 10 s at most; a replayed trigger has 20 s from its
    own end.
    """
    if kind is ChallengeKind.REPLAY:
        return REPLAY_RECOVERY_S
    return min(MAX_IGNORED_S, 2 * baseline_restart_s)


@dataclass(frozen=True)
class Challenge:
    """The first `fresh_s` seconds after the ignored ones, or more until every journey has `min_due`
    requests. `must_survive` is false where the fix openly does not last: then it is not durable.
    """

    kind: ChallengeKind
    objectives: Objectives
    after: int  # the number of the second in which the disturbance was over or done
    ignore_s: float
    must_survive: bool = True
    name: str = ""  # which fault it belongs to, where there are several
    fresh_s: float = FRESH_S
    min_due: int = MIN_DUE
    excluded: tuple[range, ...] = ()
    tolerated_shed: Mapping[str, float] = field(default_factory=lambda: NO_SHEDDING)
    seconds: tuple[Second, ...] = ()

    def feed(self, second: Second) -> Challenge:
        """Seconds that are ignored, excluded or come when it is done change nothing."""
        if self.done or second.number <= self.ends_ignoring or not leave_out([second], self.excluded):
            return self
        return replace(self, seconds=(*self.seconds, second))

    def feed_all(self, seconds: Sequence[Second]) -> Challenge:
        challenge = self
        for second in seconds:
            challenge = challenge.feed(second)
        return challenge

    @property
    def ends_ignoring(self) -> int:
        return self.after + math.ceil(self.ignore_s)

    @property
    def done(self) -> bool:
        """Whether the window is full, whatever it holds; a late load makes it longer, never milder."""
        counted = {name: self._tally(name) for name in self.objectives}
        if len(self.seconds) < self.fresh_s or any(each.due < self.min_due for each in counted.values()):
            return False
        well = all(each.failed <= allowed(each.due, self.objectives[name]) for name, each in counted.items())
        patient = well and len(self.seconds) < MAX_WINDOWS * self.fresh_s
        return not (patient and only_late(self.seconds, self.objectives, excluded=self.excluded))

    def _tally(self, journey: str) -> Tally:
        return tolerate(tally(self.seconds, journey), self.tolerated_shed.get(journey, 0.0))

    @property
    def reading(self) -> Reading:
        return read(
            self.seconds,
            self.objectives,
            min_due=self.min_due,
            excluded=self.excluded,
            tolerated_shed=self.tolerated_shed,
        )

    def explain(self) -> str:
        """One sentence, measured against required."""
        label = f"challenge {self.kind}" + (f" of {self.name}" if self.name else "")
        wanted = f"at least {math.ceil(self.fresh_s)} s and {self.min_due} requests each"
        window = f"{len(self.seconds)} s judged ({wanted}) after {math.ceil(self.ignore_s)} s ignored"
        return "; ".join((f"{label}: {window}", *self.reading.missing()))
