"""The story of a drill, from its events, in a person's words. Wrong turns are shown, not punished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labctl.actions.change import Role, changes
from labctl.debrief.effects import Deed, Effect, deeds
from labctl.debrief.frame import offset
from labctl.debrief.moments import Moments, moments
from labctl.recording import Recording

Payload = Mapping[str, Any]

_TALKING = frozenset({"ack", "say", "declare", "hint", "resolve", "reveal", "quit"})
_CHANGING = frozenset(
    {"deploy", "rollback", "set", "flag", "limit", "scale", "restart", "sql", "job", "link"}
)
_RECORDED_ELSEWHERE = _TALKING | _CHANGING
"""Commands that leave an event of their own, so that the command line says nothing more."""


@dataclass(frozen=True)
class Entry:
    """One line of the story. `kind` is lab, page, look, change, words, hint or verdict."""

    wall_s: float
    kind: str
    said: str
    detail: str = ""
    mark: str = ""  # the letter of a change

    @property
    def clock(self) -> str:
        """The time of day, UTC."""
        return datetime.fromtimestamp(self.wall_s, UTC).strftime("%H:%M:%S")

    def since(self, zero_s: float) -> str:
        """Minutes and seconds from the page, such as +1:05."""
        return offset(self.wall_s - zero_s)


def timeline(recording: Recording, targets: Mapping[str, float]) -> list[Entry]:
    """Everything worth telling, in order."""
    known = moments(recording)
    told = [
        *_incident(recording, known),
        *_others(recording),
        *(_deed(each) for each in deeds(recording, targets)),
        *(entry for event in recording.events for entry in _event(event.kind, event.wall_s, event.payload)),
    ]
    return sorted(told, key=lambda entry: entry.wall_s)


def _incident(recording: Recording, known: Moments) -> Iterator[Entry]:
    if known.injected is not None:
        faults = [each.summary for each in changes(recording.events) if each.role is Role.FAULT]
        yield Entry(known.injected, "lab", "The fault is in", "; ".join(faults))
    for event in recording.of("phase.red"):
        hurt = event.payload["failed_share"] * 100
        share = f"{hurt:.0f} % of {event.payload['journey']} requests were not good"
        yield Entry(known.red or event.wall_s, "lab", "Users are hurt", share)
    for event in recording.of("page.fired"):
        at, after = event.payload["fired_wall_s"], ""
        if known.injected is not None:
            after = f"{at - known.injected:.0f} s after the fault"
        yield Entry(at, "page", f"The page: {event.payload['alert']}", after)
    if known.well is not None:
        yield Entry(known.well, "lab", "From here on users have their objectives back")


def _others(recording: Recording) -> Iterator[Entry]:
    for change in changes(recording.events):
        if change.role is Role.NOISE:
            yield Entry(change.wall_s, "lab", f"An innocent change: {change.summary}")
        elif change.role is Role.INJECT:
            yield Entry(change.wall_s, "lab", f"The lab: {change.summary}")


def _deed(deed: Deed) -> Entry:
    harm = f"; {deed.harmed:.0f} requests failed beyond the trend" if deed.harmed else ""
    error = f": {deed.change.error}" if deed.effect is Effect.REFUSED and deed.change.error else ""
    return Entry(deed.change.wall_s, "change", deed.change.summary, f"{deed}{harm}{error}", deed.mark)


def _event(kind: str, at_s: float, payload: Payload) -> Iterator[Entry]:
    if tell := _TOLD.get(kind):
        entry = tell(at_s, payload)
        if entry.said:
            yield entry


def _declared(at_s: float, payload: Payload) -> Entry:
    roles = ", ".join(f"{role}: {name}" for role, name in dict(payload.get("roles") or {}).items())
    return Entry(at_s, "words", f"Incident declared, {payload['severity']}", roles)


def _update(at_s: float, payload: Payload) -> Entry:
    to = f" to {payload['to']}" if payload.get("to") else ""
    return Entry(at_s, "words", f"Update{to}: “{payload['text']}”")


def _command(at_s: float, payload: Payload) -> Entry:
    words = [str(word) for word in payload["argv"]]
    if payload["kind"] == "look":
        return Entry(at_s, "look", f"Looked: {' '.join(words)}")
    known = bool(words) and words[0] in _RECORDED_ELSEWHERE
    return Entry(at_s, "change", "" if known else f"By hand: {' '.join(words)}")


def _verdict(at_s: float, payload: Payload) -> Entry:
    durable = "" if payload.get("durable", True) or payload["outcome"] != "mitigated" else ", not durable"
    return Entry(
        at_s, "verdict", f"Verdict: {payload['outcome']}{durable}", "; ".join(payload.get("reasons", ()))
    )


def _why(payload: Payload) -> list[str]:
    """Why nobody could judge it, where that is how it ended."""
    return [payload["why"]] if payload.get("why") else []


_TOLD: dict[str, Callable[[float, Payload], Entry]] = {
    "page.acked": lambda at, _: Entry(at, "page", "Acknowledged"),
    "incident.declared": _declared,
    "update.said": _update,
    "command.run": _command,
    "change.seen": lambda at, p: Entry(at, "change", f"Seen by {p['by']}: {p['said']}"),
    "hint.given": lambda at, p: Entry(at, "hint", f"Hint {p['number']}, for {p['cost']} points", p["text"]),
    "question.asked": lambda at, p: Entry(at, "words", f"{p['who']} asks: “{p['text']}”"),
    "reminder.sent": lambda at, p: Entry(at, "words", "Reminder", p["text"]),
    "resolve.claimed": lambda at, _: Entry(at, "words", "Resolve claimed"),
    "cause.revealed": lambda at, _: Entry(at, "hint", "The cause was revealed"),
    "phase.green": lambda at, p: Entry(at, "lab", "The shop is healthy", f"lowest: {p['lowest']}"),
    "phase.held": lambda at, p: Entry(at, "verdict", "The hold is complete", p.get("said", "")),
    "phase.challenged": lambda at, p: Entry(at, "verdict", "The mitigation is challenged", p["challenge"]),
    "verdict": _verdict,
    "drill.ended": lambda at, p: Entry(at, "lab", "The drill ends", ": ".join((p["how"], *_why(p)))),
}
