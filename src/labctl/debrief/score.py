"""The score: parts with their meaning, never one number alone. docs/debrief.md has each formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labctl.clock import duration
from labctl.debrief.effects import Deed, Effect, deeds
from labctl.debrief.impact import Impact, impact
from labctl.debrief.moments import Moments, moments
from labctl.recording import Recording

SPARED, ACKED, SAID, MITIGATED, CADENCE, HARM, UNNEEDED, EVIDENCE = 30, 10, 10, 15, 5, 10, 5, 15
"""Points at most; together 100."""
ACK_S, SAID_S, MITIGATE_S = (60.0, 300.0), (120.0, 600.0), (180.0, 900.0)
"""Wall-clock seconds from the page: all points until the first, none from the second on."""
LOOKS = 3
"""Different looks before the first change that get all points."""
UNNEEDED_COST = 2


@dataclass(frozen=True)
class Part:
    """One part: what was measured, what that means, and its points; None where it can't be asked."""

    name: str
    measured: str
    means: str
    points: float | None
    most: int

    def plain(self) -> dict[str, Any]:
        return {**vars(self), "points": None if self.points is None else round(self.points, 1)}


@dataclass(frozen=True)
class Score:
    parts: tuple[Part, ...]
    budget: str  # shown, not scored: an outage of minutes overdraws a compressed month

    @property
    def points(self) -> float:
        """Never below none; means nothing without the parts."""
        return max(0.0, sum(part.points or 0.0 for part in self.parts))

    @property
    def most(self) -> int:
        """What the parts that can be asked here add up to."""
        return sum(part.most for part in self.parts if part.points is not None)


@dataclass(frozen=True)
class _Drill:
    recording: Recording
    known: Moments
    felt: Impact
    deeds: tuple[Deed, ...]


def score(recording: Recording, targets: Mapping[str, float]) -> Score:
    """Every part of one drill."""
    felt = impact(recording, targets)
    drill = _Drill(recording, moments(recording), felt, tuple(deeds(recording, targets)))
    spent = ", ".join(f"{each.journey} {each.budget * 100:.1f} %" for each in felt.journeys) or "nothing"
    budget = f"{spent} of the compressed month's error budget"
    return Score(tuple(part(drill) for part in _PARTS), budget)


def _spared(drill: _Drill) -> Part:
    felt = drill.felt
    means = (
        f"doing nothing for {duration(felt.horizon_s)} would have hurt about {felt.nothing:.0f}; "
        f"{felt.spared * 100:.0f} % of them were spared"
    )
    measured = f"{felt.after_page} requests failed after the page"
    if not felt.nothing:
        return Part("users spared", measured, "nobody would have been hurt by doing nothing", None, SPARED)
    return Part("users spared", measured, means, SPARED * felt.spared, SPARED)


def _acked(drill: _Drill) -> Part:
    return _timed(drill, "time to acknowledge", drill.known.acked, ACK_S, ACKED, "somebody has it")


def _said(drill: _Drill) -> Part:
    said = [event.wall_s for event in drill.recording.of("update.said")]
    at = said[0] if said else None
    return _timed(drill, "time to first update", at, SAID_S, SAID, "others know that somebody has it")


def _mitigated(drill: _Drill) -> Part:
    known = drill.known
    return _timed(drill, "time to mitigate", known.well, MITIGATE_S, MITIGATED, "users are well again")


def _timed(
    drill: _Drill, name: str, at_s: float | None, within: tuple[float, float], most: int, until: str
) -> Part:
    if drill.known.paged is None and drill.known.red is None:
        return Part(name, "nobody was paged", "there was nothing to wait for", None, most)
    full, none = within
    means = f"until {until}; all points within {duration(full)}, none from {duration(none)}"
    if at_s is None:
        return Part(name, "never", means, 0.0, most)
    took = max(0.0, at_s - drill.known.zero)
    share = min(1.0, max(0.0, (none - took) / (none - full)))
    return Part(name, f"{duration(round(took))} after the page", means, most * share, most)


def _cadence(drill: _Drill) -> Part:
    said, late = len(drill.recording.of("update.said")), len(drill.recording.of("reminder.sent"))
    means = "each reminder is an update that others had to wait for"
    measured = f"{_count(said, 'update')}, {_count(late, 'reminder')}"
    kept = said / (said + late) if said else 0.0
    if drill.known.paged is None and not late:
        return Part("update cadence", measured, "nobody waited for one", None, CADENCE)
    return Part("update cadence", measured, means, CADENCE * kept, CADENCE)


def _harm(drill: _Drill) -> Part:
    harmed = sum(each.harmed for each in drill.deeds)
    minute = max(30.0, drill.felt.per_minute)
    means = (
        "requests that failed beyond the trend before each change; "
        f"no points from {minute:.0f} on, a minute of the incident"
    )
    marks = ", ".join(each.mark for each in drill.deeds if each.harmed)
    measured = f"{harmed:.0f} requests" + (f", by {marks}" if marks else "")
    return Part("harm by own changes", measured, means, HARM * max(0.0, 1 - harmed / minute), HARM)


def _unneeded(drill: _Drill) -> Part:
    marks = [each.mark for each in drill.deeds if each.unneeded]
    measured = f"{len(marks)} of {_count(len(drill.deeds), 'change')}"
    measured += f" ({', '.join(marks)})" if marks else ""
    means = "they helped nobody; finding out by trying is a way too, and costs a little"
    return Part(
        "unneeded changes", measured, means, max(0.0, UNNEEDED - UNNEEDED_COST * len(marks)), UNNEEDED
    )


def _evidence(drill: _Drill) -> Part:
    done = [each for each in drill.deeds if each.effect is not Effect.REFUSED]
    first = done[0].change.wall_s if done else drill.known.ended
    looks = {
        tuple(event.payload["argv"])
        for event in drill.recording.of("command.run")
        if event.payload["kind"] == "look" and event.wall_s < first
    }
    means = f"what was read before anything was changed; all points from {LOOKS} different looks on"
    points = EVIDENCE * min(1.0, len(looks) / LOOKS)
    return Part("evidence before the first change", _count(len(looks), "look"), means, points, EVIDENCE)


def _hints(drill: _Drill) -> Part:
    given = drill.recording.of("hint.given")
    cost = sum(event.payload["cost"] for event in given)
    means = "taken off; what each costs was said before"
    return Part("hints", f"{_count(len(given), 'hint')}, {cost} points", means, -float(cost), 0)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_PARTS: tuple[Callable[[_Drill], Part], ...] = (
    _spared,
    _acked,
    _said,
    _mitigated,
    _cadence,
    _harm,
    _unneeded,
    _evidence,
    _hints,
)
