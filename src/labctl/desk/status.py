"""Status: how each component is, what users felt lately, and what would page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.errors import LabError
from labctl.lab.reach import Alert
from labctl.runtimes.base import Replica, State
from labctl.slo.openslo import objectives
from labctl.slo.sli import Second, Tally
from labctl.stack.flags import declared

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

LATELY_S = 30


@dataclass(frozen=True)
class ComponentRow:
    """One component over all its replicas."""

    component: str
    owner: str
    state: str  # the worst of its replicas', or "absent"
    ready: int
    wanted: int
    restarts: int
    oom_kills: int
    release: str | None
    rss_mb: float
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class JourneyRow:
    """What users of one journey felt over the last seconds: shares are 0..1, None when nobody came."""

    journey: str
    due: int
    good_share: float | None
    target: float
    slow: int
    bad: int
    shed: int


@dataclass(frozen=True)
class Status:
    """`problems` says what could not be found out."""

    lab: str
    components: tuple[ComponentRow, ...]
    journeys: tuple[JourneyRow, ...]
    alerts: tuple[Alert, ...]
    flags: dict[str, str]
    problems: tuple[str, ...]


def status(lab: Lab) -> Status:
    """As much as can be found out now; a part that does not answer is a problem, not an error."""
    problems: list[str] = []
    seconds: Sequence[Second] = ()
    alerts: Sequence[Alert] = ()
    try:
        seconds = lab.load.seconds(after=0)[-LATELY_S:]
    except LabError as error:
        problems.append(error.message)
    try:
        alerts = lab.alertmanager.alerts()
    except LabError as error:
        problems.append(error.message)
    return Status(
        lab=lab.name,
        components=tuple(components(lab)),
        journeys=tuple(_journeys(seconds)),
        alerts=tuple(alerts),
        flags=_flags(lab),
        problems=tuple(problems),
    )


def _flags(lab: Lab) -> dict[str, str]:
    """Those of the shop that are not at their default; a third party's are not the shop's to see."""
    ours, known = lab.stack.owned_by("shop"), declared()
    return {
        name: value
        for name, value in lab.wanted().flags.items()
        if name not in known or known[name].component in ours
    }


_WORST = (State.BACKOFF, State.UNREADY, State.STARTING, State.STOPPED, State.READY)


def components(lab: Lab) -> list[ComponentRow]:
    """One row per component of the stack, as its replicas are now."""
    wanted = lab.wanted()
    by_component: dict[str, list[Replica]] = {name: [] for name in lab.stack.components}
    for replica in lab.runtime.observe():
        by_component.setdefault(replica.component, []).append(replica)
    return [
        ComponentRow(
            component=name,
            owner=lab.stack[name].owner,
            state=min((replica.state for replica in replicas), key=_WORST.index, default="absent"),
            ready=sum(replica.state is State.READY for replica in replicas),
            wanted=wanted[name].replicas,
            restarts=sum(replica.restarts for replica in replicas),
            oom_kills=sum(replica.oom_kills for replica in replicas),
            release=wanted[name].release,
            rss_mb=round(sum(replica.rss_mb for replica in replicas), 1),
            addresses=tuple(str(replica.address) for replica in replicas if replica.address),
        )
        for name, replicas in by_component.items()
    ]


def _journeys(seconds: Sequence[Second]) -> list[JourneyRow]:
    rows = []
    for objective in objectives():
        total = Tally()
        for second in seconds:
            total += second.journeys.get(objective.journey, Tally())
        rows.append(
            JourneyRow(
                journey=objective.journey,
                due=total.due,
                good_share=total.good / total.due if total.due else None,
                target=objective.target,
                slow=total.slow,
                bad=total.bad,
                shed=total.shed,
            )
        )
    return rows
