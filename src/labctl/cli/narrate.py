"""Journal events as plain sentences: one function per kind, in one table; other kinds say nothing."""

import textwrap
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from labctl.cli.terminal import say
from labctl.clock import duration
from labctl.engine.machine import Drill, step
from labctl.lab.journal import Event

Payload = Mapping[str, Any]
Sentence = Callable[[Payload, Drill], str]
"""From an event's payload, and the drill as it stood before it."""

_COLUMNS = 80
_ROLES = {
    "fault": "Fault",
    "fix": "Fix",
    "decoy": "Decoy",
    "noise": "Innocent change",
    "inject": "Inject",
    "learner": "You",
}
_CHALLENGES = {
    "none": "there is none, the hold was the test.",
    "restart": "what was sick is restarted as it was left; users must soon be well.",
    "replay": "the trigger comes once more; users must be well 20 s after it ends.",
    "heal": "the third party gets well; what waited for it must settle.",
}


def _begun(payload: Payload, drill: Drill) -> str:  # noqa: ARG001 — one signature for all
    return "The drill begins: every journey must be green before anything breaks."


def _green(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return (
        f"Healthy: {payload['journeys']} journeys green over {payload['seconds']} s; "
        f"the lowest is {payload['lowest']}."
    )


def _change(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"{_ROLES.get(payload['role'], payload['role'])}: {payload['summary']}."


def _done(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    after = f", after {duration(payload['took_s'])}" if "took_s" in payload else ""
    note = f", and says: {payload['note']}" if payload.get("note") else ""
    return f"It took effect{after}{note}."


def _past_labctl(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"You, with {payload['by']}: {payload['said']}."


def _failed(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"{'It was refused' if payload.get('refused') else 'It failed'}: {payload['error']}"


def _undone(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"Undone: {payload['summary']}." if "summary" in payload else "A change was undone."


def _injected(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return "The fault is in. Users do not feel it yet."


def _red(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    share = f"{payload['failed_share'] * 100:.0f} % of {payload['journey']} requests"
    return f"Users are hurt: {share} were not good, red {payload['took_s']} s after the fault."


def _paged(payload: Payload, drill: Drill) -> str:
    after_s = payload["fired_wall_s"] - drill.injected_wall_s
    after = f", {after_s:.1f} s after the fault" if drill.injected else ""
    return f"Alertmanager pages: {payload['alert']}{after}."


def _held(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"The hold is complete: {payload['said']}."


def _challenged(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    kind = payload["challenge"]
    return f"Challenge: {_CHALLENGES.get(kind, kind)}"


def _verdict(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    outcome = payload["outcome"]
    if outcome == "mitigated" and not payload.get("durable", True):
        outcome = "mitigated, not durable"
    return "\n".join([f"Verdict: {outcome}.", *(f"- {reason}" for reason in payload.get("reasons", ()))])


def _claimed(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return "You claim that it is over: users are watched, and then the mitigation is tried."


def _told(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"Somebody comes to you. {payload['text']}"


def _acked(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return "You have acknowledged the page."


def _said(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    to = f" to {payload['to']}" if payload.get("to") else ""
    return f"You{to}: {payload['text']}"


def _declared(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    parts = [payload["severity"]] if payload.get("severity") else []
    parts += [f"{role} {name}" for role, name in payload.get("roles", {}).items()]
    return f"You declare: {', '.join(parts)}."


def _hinted(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"Hint {payload['number']} ({payload['cost']} points): {payload['text']}"


def _asked(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    who = payload["who"]
    return f"{who[:1].upper()}{who[1:]} asks: {payload['text']}"


def _reminded(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"Reminder: {payload['text']}."


def _revealed(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return "The cause was revealed; the drill is marked."


def _ended(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    return f"The drill is over: {payload['how']}."


def _reset(payload: Payload, drill: Drill) -> str:  # noqa: ARG001
    took = f", in {duration(payload['took_s'])}" if "took_s" in payload else ""
    return f"The lab was reset{took}: base releases, fresh data, no memory of what was before."


SENTENCES: dict[str, Sentence] = {
    "drill.begun": _begun,
    "phase.green": _green,
    "change.begun": _change,
    "change.done": _done,
    "change.failed": _failed,
    "change.seen": _past_labctl,
    "change.undone": _undone,
    "phase.injected": _injected,
    "phase.red": _red,
    "page.fired": _paged,
    "phase.held": _held,
    "phase.challenged": _challenged,
    "page.told": _told,
    "page.acked": _acked,
    "update.said": _said,
    "incident.declared": _declared,
    "hint.given": _hinted,
    "question.asked": _asked,
    "reminder.sent": _reminded,
    "cause.revealed": _revealed,
    "resolve.claimed": _claimed,
    "verdict": _verdict,
    "drill.ended": _ended,
    "lab.reset": _reset,
}

_GIVES_IT_AWAY = {"phase.injected", "phase.red"}
"""What a learner finds out alone. So are the scenario's own changes."""


class Narrator:
    """Tells a drill as it happens, one event at a time; with `spoilers` the scenario's doings too."""

    def __init__(self, *, spoilers: bool, write: Callable[[str], None] = say) -> None:
        self._spoilers = spoilers
        self._write = write
        self._drill = Drill()
        self._changes: dict[str, tuple[Event, Payload]] = {}

    def recall(self, events: Iterable[Event]) -> None:
        """Take in what happened before, and say nothing: times and changes go on from there."""
        for event in events:
            self._completed(event)
            self._drill = step(self._drill, event)

    def __call__(self, event: Event) -> None:
        payload = self._completed(event)
        sentence = SENTENCES.get(event.kind)
        if sentence and self._may_tell(event.kind, payload):
            text = sentence(payload, self._drill if self._spoilers else replace(self._drill, injected=0))
            self._drill = step(self._drill, event)
            self.tell(text, event.wall_s)
        else:
            self._drill = step(self._drill, event)

    def _completed(self, event: Event) -> Payload:
        """The payload; what becomes of a change also carries what the change was."""
        if event.kind == "change.begun":
            self._changes[event.payload["id"]] = (event, event.payload)
        elif event.kind.startswith("change.") and event.payload.get("id") in self._changes:
            begun, change = self._changes[event.payload["id"]]
            return {**change, "took_s": event.wall_s - begun.wall_s, **event.payload}
        return event.payload

    def _may_tell(self, kind: str, payload: Payload) -> bool:
        if self._spoilers:
            return True
        if kind.startswith("change.") and kind != "change.seen":
            return payload.get("role") == "learner"
        return kind not in _GIVES_IT_AWAY

    @property
    def begun(self) -> int:
        """The second after which the drill's own are."""
        return self._drill.begun

    def tell_now(self, text: str) -> None:
        """Say something that no event tells, at this moment."""
        self.tell(text, time.time())

    def tell(self, text: str, wall_s: float) -> None:
        """Say something that no event tells, under its time."""
        elapsed_s = max(0, int(wall_s - self._drill.begun_wall_s)) if self._drill.id else 0
        stamp = f"{elapsed_s // 60:02}:{elapsed_s % 60:02}"
        lines = [line for each in text.splitlines() for line in _wrapped(each)]
        self._write("\n".join(f"{'' if number else stamp:5}  {line}" for number, line in enumerate(lines)))


def _wrapped(line: str) -> list[str]:
    indent = "  " if line.startswith("- ") else ""
    return textwrap.wrap(line, _COLUMNS - 7, subsequent_indent=indent, break_on_hyphens=False) or [""]
