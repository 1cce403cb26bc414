"""How often those who wait want to hear something, and who asks meanwhile: pure, at a wall second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labctl.clock import duration
from labctl.errors import UsageError
from labctl.oncall.state import OnCall
from labctl.scenario.story import Voice


class Severity(StrEnum):
    """How bad an incident is, declared by whoever is on call."""

    SEV1 = "SEV1"  # most users can't do what they came for
    SEV2 = "SEV2"  # many are hurt, or some badly
    SEV3 = "SEV3"  # few are hurt, or all a little
    SEV4 = "SEV4"  # nobody is hurt yet

    @classmethod
    def of(cls, text: str) -> Severity:
        """`SEV2`, `sev2` or `2`; UsageError for anything else."""
        found = {name: each for each in cls for name in (str(each), str(each)[-1])}.get(text.strip().upper())
        if found is None:
            raise UsageError(
                f"{text!r} is no severity; there are {', '.join(cls)}", hint="labctl declare --severity SEV2"
            )
        return found

    @property
    def every_s(self) -> float:
        """Wall seconds after which the next update is due."""
        return UPDATE_EVERY_S[self]


UPDATE_EVERY_S = {Severity.SEV1: 120.0, Severity.SEV2: 240.0, Severity.SEV3: 480.0, Severity.SEV4: 960.0}
"""A real SEV1 is told every half hour. Human time is not compressed, and a drill takes ten minutes
instead of two hours: a quarter of the usual would hardly come up, a sixtieth is nothing but typing."""
UNDECLARED = Severity.SEV2
"""Until somebody says how bad it is, a page is taken for serious."""
LISTENING_S = 30.0
"""Nobody asks so soon after an update."""
VOICES = (
    Voice(
        who="support",
        says="Customers are writing to us. What may we tell them, and when will you know more?",
        after=60.0,
    ),
    Voice(
        who="head of the shop",
        says="How many customers does it hit, and what do you do about it?",
        after=180.0,
    ),
)
"""Who asks where a scenario brings nobody of its own."""


@dataclass(frozen=True)
class Reminder:
    """An update is due."""

    text: str


@dataclass(frozen=True)
class Asking:
    """Somebody wants to know something."""

    who: str
    text: str


def update_due(oncall: OnCall) -> float | None:
    """The wall second at which the next update is due; None before the page."""
    if oncall.spoken_wall_s is None:
        return None
    return oncall.spoken_wall_s + _severity(oncall).every_s


def due(oncall: OnCall, voices: Sequence[Voice], now_wall_s: float) -> list[Reminder | Asking]:
    """What is to be sent now: nothing before the page, nor while a claim is judged."""
    if oncall.paged_wall_s is None or oncall.claimed_wall_s is not None:
        return []
    found: list[Reminder | Asking] = []
    if reminder := _reminder(oncall, now_wall_s):
        found.append(reminder)
    if oncall.updates and now_wall_s < oncall.updates[-1].wall_s + LISTENING_S:
        return found
    asked = {(question.who, question.text) for question in oncall.questions}
    return found + [
        Asking(voice.who, voice.says)
        for voice in voices or VOICES
        if now_wall_s >= oncall.paged_wall_s + voice.after and (voice.who, voice.says) not in asked
    ]


def _severity(oncall: OnCall) -> Severity:
    return UNDECLARED if oncall.severity is None else Severity(oncall.severity)


def _reminder(oncall: OnCall, now_wall_s: float) -> Reminder | None:
    """One each time that the cadence has passed since the last update, or the last reminder."""
    if oncall.spoken_wall_s is None:
        return None
    severity = _severity(oncall)
    heard_s = max(oncall.spoken_wall_s, oncall.reminded_wall_s or 0.0)
    if now_wall_s < heard_s + severity.every_s:
        return None
    since = duration(round(now_wall_s - oncall.spoken_wall_s))
    undeclared = "" if oncall.severity else " (nobody has declared a severity)"
    every = duration(severity.every_s)
    return Reminder(f"{since} without an update; {severity}{undeclared} is told every {every}")
