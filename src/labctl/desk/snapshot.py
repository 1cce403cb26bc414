"""The snapshot: all that a screen shows of a lab at one moment, as typed rows. Pure; `sampler` gathers it.

Terminal, tests and console draw the same rows. Nothing here tells a learner what they have to find
out: the drill's own changes look like anybody's, and an incident that has not paged looks like none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from labctl.engine.machine import Drill, Phase

if TYPE_CHECKING:  # the first frame is drawn before the clients of a lab's parts are imported
    from labctl.desk.changes import ChangeRow
    from labctl.desk.status import ComponentRow
    from labctl.judge import Hold
    from labctl.lab.reach import Alert
    from labctl.oncall.state import OnCall


class Mark(StrEnum):
    """What most of those feel who are not served, in one word that needs no colour."""

    OK = "ok"
    THIN = "thin"  # more than the objective allows, and too few to be called hurt
    LATE = "LATE"
    DOWN = "DOWN"  # failed, wrong or given up
    SHED = "SHED"  # turned away on purpose
    NOBODY = "none"  # nobody came


@dataclass(frozen=True)
class JourneyNow:
    """One journey. Shares are 0..1, None when nobody came; `trend` has one per second, the oldest first."""

    journey: str
    target: float
    threshold_s: float
    mark: Mark
    due: int  # over the last NOW_S (10) seconds of `feeling`, as the three that follow
    slow: int
    bad: int
    shed: int
    good_share: float | None
    burn: float | None  # over the last minute: 1 spends the budget exactly over its period
    budget_left: float | None  # of the compressed period's, 1..0; below 0 it is overdrawn
    trend: tuple[float | None, ...]


class Stage(StrEnum):
    """How far a drill is, as far as its learner may know."""

    UNKNOWN = "unknown"  # nobody has looked yet
    NONE = "none"
    WAITING = "waiting"  # every journey must be green before anything can happen
    QUIET = "quiet"  # on call; nothing has paged
    OPEN = "open"  # the learner was called
    TRIED = "tried"  # the hold was complete, and the mitigation is being tried
    OVER = "over"


_STATES = ("firing", "unsent", "pending")


@dataclass(frozen=True)
class PageNow:
    """One alert that pages, or would soon: `state` is firing, pending or unsent."""

    name: str
    state: str
    since_wall_s: float


@dataclass(frozen=True)
class DrillNow:
    """Where the drill stands; times are seconds since the epoch, None while they have not come."""

    code: str
    stage: Stage
    begun_wall_s: float | None = None
    paged_wall_s: float | None = None  # when the learner was called
    acked_wall_s: float | None = None
    severity: str = ""
    asked: tuple[str, ...] = ()  # open questions: who, and what
    claimed: bool = False  # that it is over; the verdict is on its way
    held_s: int = 0
    required_s: float = 0.0
    missing: tuple[str, ...] = ()  # what keeps the hold from going on, measured against required
    outcome: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One lab at `wall_s`. `problems` says, by part, what could not be found out."""

    lab: str
    wall_s: float
    drill: DrillNow = field(default_factory=lambda: DrillNow("", Stage.UNKNOWN))
    journeys: tuple[JourneyNow, ...] = ()
    pages: tuple[PageNow, ...] | None = None  # None while nobody has answered
    components: tuple[ComponentRow, ...] = ()
    changes: tuple[ChangeRow, ...] | None = None  # the oldest first; None while nobody has looked
    problems: Mapping[str, str] = field(default_factory=dict)
    moves: Mapping[str, str | None] = field(default_factory=dict)  # name → why not, None while it is valid


def drill_now(drill: Drill, oncall: OnCall, *, code: str, required_s: float, hold: Hold | None) -> DrillNow:
    """The learner's view of a drill: before they were called, what hurts users is nobody's incident."""
    if drill.phase is Phase.NONE:
        return DrillNow("", Stage.NONE)
    stage = _stage(drill, called=oncall.paged_wall_s is not None)
    known = hold if stage is Stage.OPEN else None
    return DrillNow(
        code=code,
        stage=stage,
        begun_wall_s=drill.begun_wall_s,
        paged_wall_s=oncall.paged_wall_s,
        acked_wall_s=oncall.acked_wall_s,
        severity=oncall.severity or "",
        asked=tuple(f"{each.who}: {each.text}" for each in oncall.open_questions),
        claimed=bool(drill.claimed),
        held_s=known.held_s if known else 0,
        required_s=required_s,
        missing=_missing(known),
        outcome=drill.outcome or "",
    )


def pages_now(sent: Sequence[Alert] | None, known: Sequence[Alert] | None) -> tuple[PageNow, ...]:
    """One row per page, the oldest first: what Alertmanager `sent`, and what Prometheus knows beside it.

    None is a part that has not answered; what Prometheus calls firing is then all there is.
    """
    unsent = "firing" if sent is None else "unsent"
    told = [
        PageNow(each.name, "firing", each.since_wall_s) for each in _paging(sent) if each.state == "active"
    ]
    told += [
        PageNow(each.name, "pending" if each.state == "pending" else unsent, each.since_wall_s)
        for each in _paging(known)
    ]
    rows: dict[str, PageNow] = {}
    for row in sorted(told, key=lambda row: (_STATES.index(row.state), row.since_wall_s)):
        rows.setdefault(row.name, row)  # two windows of one objective page under one name
    return tuple(sorted(rows.values(), key=lambda row: (row.since_wall_s, row.name)))


def _paging(alerts: Sequence[Alert] | None) -> list[Alert]:
    return [alert for alert in alerts or () if alert.labels.get("severity") == "page"]


def _stage(drill: Drill, *, called: bool) -> Stage:
    match drill.phase:
        case Phase.BASELINE:
            return Stage.WAITING
        case Phase.GREEN | Phase.INJECTED | Phase.RED if not called:
            return Stage.QUIET
        case Phase.HELD | Phase.CHALLENGED:
            return Stage.TRIED
        case Phase.MITIGATED | Phase.ENDED:
            return Stage.OVER
    return Stage.OPEN


def _missing(hold: Hold | None) -> tuple[str, ...]:
    if hold is None or not hold.seconds:
        return ()
    return hold.reading.missing()
