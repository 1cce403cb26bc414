"""The moments that a drill is told by, found in its recording."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.engine.machine import fold
from labctl.lab.journal import Event
from labctl.recording import Recording
from labctl.slo.sli import Second


@dataclass(frozen=True)
class Moments:
    """When things happened, in seconds since the epoch; None where they did not."""

    began: float
    ended: float
    injected: float | None
    red: float | None
    paged: float | None
    acked: float | None
    held: float | None  # when the hold was complete
    challenged: float | None
    well: float | None  # from here on users had their objectives back, for good
    judged: float | None  # the last verdict
    outcome: str | None  # and what it was
    durable: bool
    journey: str | None  # whose users were hurt

    @property
    def zero(self) -> float:
        """What times are relative to: the page, else the moment users were hurt, else the fault."""
        found = (each for each in (self.paged, self.red, self.injected) if each is not None)
        return next(found, self.began)

    @property
    def mitigated(self) -> bool:
        return self.outcome == "mitigated"


def moments(recording: Recording) -> Moments:
    """The moments of one recording."""
    drill = fold(_until_reset(recording))
    red, verdicts = recording.of("phase.red"), recording.of("verdict")
    last = verdicts[-1] if verdicts else None
    outcome = last.payload["outcome"] if last else None
    last_seen = recording.seconds[-1].wall_s + 1 if recording.seconds else recording.began_wall_s
    ends = recording.of("drill.ended")
    return Moments(
        began=recording.began_wall_s,
        ended=max(last_seen, ends[-1].wall_s if ends else last_seen),
        injected=_first(recording, "phase.injected"),
        red=_wall(recording, red[0].payload["second"]) if red else None,
        paged=drill.fired_wall_s,
        acked=_first(recording, "page.acked"),
        held=_last(recording, "phase.held"),
        challenged=_last(recording, "phase.challenged"),
        well=_wall(recording, last.payload["first"]) if last and outcome == "mitigated" else None,
        judged=last.wall_s if last else None,
        outcome=outcome,
        durable=bool(last and last.payload.get("durable", True)),
        journey=red[0].payload["journey"] if red else None,
    )


def _until_reset(recording: Recording) -> list[Event]:
    resets = [n for n, event in enumerate(recording.events) if event.kind == "lab.reset"]
    return list(recording.events[: resets[0]] if resets else recording.events)


def between(recording: Recording, first_s: float, end_s: float) -> list[Second]:
    """The seconds that began in this stretch of time."""
    return [second for second in recording.seconds if first_s <= second.wall_s < end_s]


def _first(recording: Recording, kind: str) -> float | None:
    found = recording.of(kind)
    return found[0].wall_s if found else None


def _last(recording: Recording, kind: str) -> float | None:
    found = recording.of(kind)
    return found[-1].wall_s if found else None


def _wall(recording: Recording, number: int) -> float | None:
    """When the second with this number began."""
    return next((second.wall_s for second in recording.seconds if second.number == number), None)
