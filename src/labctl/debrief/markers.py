"""What is laid over the users' curves: who did what when, in lanes, each kind with a shape of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labctl.actions.change import Role, changes
from labctl.debrief.effects import deeds
from labctl.debrief.moments import moments
from labctl.recording import Recording

LANES = ("incident", "changes", "words", "looks")


@dataclass(frozen=True)
class Marker:
    """One thing that happened. `label` is drawn beside it where there is room, `said` is its title."""

    lane: str
    shape: str  # down, square, up, ring, letter, hollow, tick, query, dot
    wall_s: float
    said: str
    label: str = ""


def markers(recording: Recording, targets: Mapping[str, float]) -> list[Marker]:
    """Everything that is marked, in order of time."""
    found = [*_incident(recording), *_changes(recording, targets), *_people(recording)]
    return sorted(found, key=lambda marker: marker.wall_s)


def _incident(recording: Recording) -> list[Marker]:
    known = moments(recording)
    marks = [
        ("down", known.injected, "The fault is injected", "fault"),
        ("square", known.paged, "The page fires", "page"),
        ("up", known.well, "From here on users have their objectives back", "users well"),
        ("hollow", known.challenged, "The mitigation is challenged", ""),
    ]
    found = [Marker("incident", shape, at, said, label) for shape, at, said, label in marks if at is not None]
    for event in recording.of("verdict"):
        outcome = event.payload["outcome"]
        found.append(Marker("incident", "ring", event.wall_s, f"Verdict: {outcome}", outcome))
    return found


def _changes(recording: Recording, targets: Mapping[str, float]) -> list[Marker]:
    began = recording.began_wall_s
    others = [
        Marker("changes", "hollow", change.wall_s, f"Innocent: {change.summary}")
        for change in changes(recording.events)
        if change.role is Role.NOISE and change.wall_s >= began
    ]
    ours = [
        Marker("changes", "letter", deed.change.wall_s, f"{deed.change.summary}: {deed}", deed.mark)
        for deed in deeds(recording, targets)
    ]
    return [*others, *ours]


def _people(recording: Recording) -> list[Marker]:
    found = []
    for event in recording.events:
        payload, at = event.payload, event.wall_s
        match event.kind:
            case "page.acked":
                found.append(Marker("words", "square", at, "The page is acknowledged", "ack"))
            case "update.said":
                found.append(Marker("words", "dot", at, f"Update: {payload['text']}"))
            case "incident.declared":
                said = f"Declared: {payload['severity']}"
                found.append(Marker("words", "dot", at, said))
            case "question.asked":
                found.append(Marker("words", "query", at, f"{payload['who']} asks: {payload['text']}"))
            case "hint.given":
                said = f"Hint {payload['number']}, {payload['cost']} points"
                found.append(Marker("looks", "query", at, said))
            case "command.run" if payload["kind"] == "look":
                found.append(Marker("looks", "tick", at, " ".join(payload["argv"])))
            case _:
                pass
    return found
