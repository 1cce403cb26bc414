"""What the learner has done so far, as a pure fold over the journal, and which moves are valid now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from labctl.engine.machine import Drill, Phase
from labctl.lab.journal import Event


@dataclass(frozen=True)
class Update:
    """What was told to those who wait; `to` is whom, where somebody was named."""

    wall_s: float
    text: str
    to: str | None = None


@dataclass(frozen=True)
class Question:
    """What somebody wanted to know; any later update answers it."""

    wall_s: float
    who: str
    text: str
    answered_wall_s: float | None = None

    @property
    def open(self) -> bool:
        return self.answered_wall_s is None


@dataclass(frozen=True)
class Given:
    """A hint that was taken; numbers count from 1."""

    wall_s: float
    number: int
    cost: int
    text: str


@dataclass(frozen=True)
class OnCall:
    """One drill as its engineer lived it. Moments are wall seconds, None for what has not happened."""

    paged_wall_s: float | None = None  # when the page, or the human instead of it, was told
    alert: str | None = None  # None also where a human began it
    acked_wall_s: float | None = None
    updates: tuple[Update, ...] = ()
    severity: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)  # role → name
    hints: tuple[Given, ...] = ()
    questions: tuple[Question, ...] = ()
    reminded_wall_s: float | None = None  # the newest reminder
    claimed_wall_s: float | None = None  # the claim that is being judged
    claims: int = 0
    revealed: bool = False

    @property
    def spoken_wall_s(self) -> float | None:
        """When those who wait heard something last: an update, or the page itself."""
        return self.updates[-1].wall_s if self.updates else self.paged_wall_s

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.open)


def step(oncall: OnCall, event: Event) -> OnCall:
    """The state after one more event; events of other kinds change nothing."""
    if event.kind in ("drill.begun", "lab.reset"):
        return OnCall()
    move = _STEPS.get(event.kind)
    return move(oncall, event) if move else oncall


def fold(events: Iterable[Event]) -> OnCall:
    """What was done in the newest drill of a journal."""
    oncall = OnCall()
    for event in events:
        oncall = step(oncall, event)
    return oncall


def _paged(oncall: OnCall, event: Event) -> OnCall:
    if oncall.paged_wall_s is not None:
        return oncall
    return replace(oncall, paged_wall_s=event.wall_s, alert=event.payload.get("alert"))


def _acked(oncall: OnCall, event: Event) -> OnCall:
    first = event.wall_s if oncall.acked_wall_s is None else oncall.acked_wall_s
    return replace(oncall, acked_wall_s=first)


def _said(oncall: OnCall, event: Event) -> OnCall:
    update = Update(event.wall_s, event.payload["text"], event.payload.get("to"))
    questions = (
        replace(each, answered_wall_s=event.wall_s) if each.open else each for each in oncall.questions
    )
    return replace(oncall, updates=(*oncall.updates, update), questions=tuple(questions))


def _declared(oncall: OnCall, event: Event) -> OnCall:
    """What is declared again replaces what it names; the rest stays."""
    severity = event.payload.get("severity") or oncall.severity
    return replace(oncall, severity=severity, roles={**oncall.roles, **event.payload.get("roles", {})})


def _hinted(oncall: OnCall, event: Event) -> OnCall:
    payload = event.payload
    given = Given(event.wall_s, payload["number"], payload["cost"], payload["text"])
    return replace(oncall, hints=(*oncall.hints, given))


def _asked(oncall: OnCall, event: Event) -> OnCall:
    question = Question(event.wall_s, event.payload["who"], event.payload["text"])
    return replace(oncall, questions=(*oncall.questions, question))


def _reminded(oncall: OnCall, event: Event) -> OnCall:
    return replace(oncall, reminded_wall_s=event.wall_s)


def _claimed(oncall: OnCall, event: Event) -> OnCall:
    return replace(oncall, claimed_wall_s=event.wall_s, claims=oncall.claims + 1)


def _judged(oncall: OnCall, _: Event) -> OnCall:
    return replace(oncall, claimed_wall_s=None)


def _revealed(oncall: OnCall, _: Event) -> OnCall:
    return replace(oncall, revealed=True)


_STEPS: dict[str, Callable[[OnCall, Event], OnCall]] = {
    "page.fired": _paged,
    "page.told": _paged,
    "page.acked": _acked,
    "update.said": _said,
    "incident.declared": _declared,
    "hint.given": _hinted,
    "question.asked": _asked,
    "reminder.sent": _reminded,
    "resolve.claimed": _claimed,
    "verdict": _judged,
    "cause.revealed": _revealed,
}


NO_DRILL = "no drill is under way"
OVER = "the drill is over"
NOT_A_DRILL = "what runs in this lab is no drill: a script plays it"
NOT_PAGED = "nobody has paged you yet"

_OVER = frozenset({Phase.MITIGATED, Phase.ENDED})


@dataclass(frozen=True)
class Move:
    """Something to do in a drill; `why_not` is one line, None while it is valid."""

    name: str
    why_not: str | None = None

    @property
    def valid(self) -> bool:
        return self.why_not is None


def moves(drill: Drill, oncall: OnCall, *, hints: int | None = None) -> dict[str, Move]:
    """Every move by its name, in the order in which a footer shows them.

    `hints` is how many the scenario has, where the caller knows it.
    """
    reasons = {
        "ack": _why_no_ack(drill, oncall),
        "say": _before_page(drill, oncall),
        "declare": _before_page(drill, oncall),
        "hint": _why_no_hint(drill, oncall, hints),
        "check": None if drill.phase in _OVER else _not_under_way(drill),
        "resolve": _why_no_resolve(drill, oncall),
        "reveal": _why_no_reveal(drill, oncall),
        "quit": _not_under_way(drill),
    }
    return {name: Move(name, why_not) for name, why_not in reasons.items()}


def _not_under_way(drill: Drill) -> str | None:
    if drill.phase is Phase.NONE:
        return NO_DRILL
    if drill.phase in _OVER:
        return OVER
    return None if drill.mode == "drill" else NOT_A_DRILL


def _before_page(drill: Drill, oncall: OnCall) -> str | None:
    return _not_under_way(drill) or (NOT_PAGED if oncall.paged_wall_s is None else None)


def _why_no_ack(drill: Drill, oncall: OnCall) -> str | None:
    acked = "you have acknowledged it already" if oncall.acked_wall_s is not None else None
    return _before_page(drill, oncall) or acked


def _why_no_hint(drill: Drill, oncall: OnCall, hints: int | None) -> str | None:
    if hints == 0:
        none_left: str | None = "this incident has no hints"
    else:
        none_left = "there is no further hint" if hints is not None and len(oncall.hints) >= hints else None
    return _before_page(drill, oncall) or none_left


def _why_no_resolve(drill: Drill, oncall: OnCall) -> str | None:
    """Whoever saw the harm before the page came may claim that it is over, too."""
    if why_not := _not_under_way(drill):
        return why_not
    if drill.claimed:
        return "you have claimed it already; the verdict is on its way"
    seen = oncall.paged_wall_s is not None or drill.phase is Phase.RED
    return None if seen else NOT_PAGED


def _why_no_reveal(drill: Drill, oncall: OnCall) -> str | None:
    return _before_page(drill, oncall) or ("the cause is revealed already" if oncall.revealed else None)
