"""The learner's moves as functions on a lab: each appends what was done, or says why it may not be.

UsageError with the next thing to type for a move that is not valid now. Whoever drives the drill sees
the event within half a second; none of these needs the `drive` lock but `quit_`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from labctl.clock import await_until
from labctl.engine import machine
from labctl.engine.machine import Drill
from labctl.errors import LabBusy, UsageError
from labctl.lab.journal import Event, JournalMoved
from labctl.lab.lab import Lab
from labctl.lab.lock import drive
from labctl.lab.reset import LAST, reset
from labctl.oncall import progress, state
from labctl.oncall.cadence import Severity
from labctl.oncall.state import NO_DRILL, NOT_PAGED, OVER, OnCall
from labctl.scenario.model import Scenario
from labctl.scenario.story import Hint

LEAVE_WITHIN_S = 90.0
"""A driver that disturbs the lab for a challenge notices a second later that the drill has ended."""

_NEXT = {
    NO_DRILL: "labctl list, then labctl drill CODE",
    OVER: "labctl list, then labctl drill CODE",
    NOT_PAGED: "labctl status shows what users feel; the page comes when they are hurt",
}
_TRIES = 20


def ack(lab: Lab) -> Event:
    """Somebody has the page: reminders and questions know where to turn."""
    return _move(lab, "ack", lambda _: ("page.acked", {}))


def say(lab: Lab, text: str, *, to: str | None = None) -> Event:
    """Tell those who wait how it stands; answers every open question."""
    said = " ".join(text.split())
    if not said:
        raise UsageError("an update needs words", hint='labctl say "Checkout is slow for most; looking"')
    return _move(lab, "say", lambda _: ("update.said", {"text": said, **({"to": to} if to else {})}))


def declare(lab: Lab, *, severity: str | None = None, roles: Mapping[str, str] | None = None) -> Event:
    """Say how bad it is and who does what; what is declared again replaces what it names."""
    if severity is None and not roles:
        raise UsageError("declare takes a severity, roles or both", hint="labctl declare --severity SEV2")
    chosen = None if severity is None else Severity.of(severity)
    for role, name in (roles or {}).items():
        if not (role.strip() and name.strip()):
            raise UsageError(
                f"{role}={name} names no role or nobody", hint="labctl declare --role commander=Ada"
            )
    payload = {"severity": None if chosen is None else str(chosen), "roles": dict(roles or {})}
    return _move(lab, "declare", lambda _: ("incident.declared", payload))


def next_hint(lab: Lab, scenario: Scenario) -> Hint:
    """The hint that would come next, for its cost; nothing is given yet. UsageError when there is none."""
    _, oncall, _ = _now(lab, "hint", scenario)
    return scenario.hints[len(oncall.hints)]


def hint(lab: Lab, scenario: Scenario) -> Event:
    """Give the next hint; its payload has `number` (from 1), `cost` and `text`."""

    def given(oncall: OnCall) -> tuple[str, dict[str, Any]]:
        number = len(oncall.hints) + 1
        chosen = scenario.hints[number - 1]
        return "hint.given", {"number": number, "cost": chosen.cost, "text": chosen.text}

    return _move(lab, "hint", given, scenario)


def claim(lab: Lab) -> Event:
    """Claim that users have their objectives back; whoever drives the drill judges it."""
    require(lab, "resolve")
    second = lab.load.poll(after=LAST).now
    return _move(lab, "resolve", lambda _: ("resolve.claimed", {"second": second}))


def claim_or_join(lab: Lab) -> Event:
    """A claim, or the one that is being judged already."""
    events = lab.journal.read()
    if machine.fold(events).claimed:
        return next(event for event in reversed(events) if event.kind == "resolve.claimed")
    return claim(lab)


def require(lab: Lab, name: str) -> None:
    """UsageError unless this move is valid now; for those who ask before they act."""
    _now(lab, name)


def reveal(lab: Lab) -> Event:
    """Give up the secret: from now on the cause may be told. The drill goes on, and remembers."""
    revealed = _move(lab, "reveal", lambda _: ("cause.revealed", {}))
    progress.keep(lab)
    return revealed


def quit_(lab: Lab) -> Event:
    """End the drill without a verdict and heal the lab.

    Waits until whoever drives the drill has noticed and left; LabBusy when it does not. Never call it
    in the thread that drives.
    """
    require(lab, "quit")
    second = lab.load.poll(after=LAST).now
    ended = _move(lab, "quit", lambda _: ("drill.ended", {"how": "quit", "second": second}))
    progress.keep(lab)
    await_until(
        lambda: _healed(lab), what="the drill's driver leaves", within_s=LEAVE_WITHIN_S, clock=lab.clock
    )
    return ended


def _healed(lab: Lab) -> bool:
    """Reset once nobody drives; False while somebody still does."""
    with ExitStack() as held:
        try:
            held.enter_context(drive(lab))
        except LabBusy:
            return False
        reset(lab)
    return True


def _now(lab: Lab, name: str, scenario: Scenario | None = None) -> tuple[Drill, OnCall, int]:
    """Where the drill stands and the journal's last sequence; UsageError unless the move is valid."""
    events = lab.journal.read()
    drill, oncall = machine.fold(events), state.fold(events)
    hints = None if scenario is None else len(scenario.hints)
    why_not = state.moves(drill, oncall, hints=hints)[name].why_not
    if why_not:
        raise UsageError(why_not, hint=_NEXT.get(why_not, "labctl check"))
    return drill, oncall, events[-1].seq


def _move(
    lab: Lab,
    name: str,
    event: Callable[[OnCall], tuple[str, Mapping[str, Any]]],
    scenario: Scenario | None = None,
) -> Event:
    """Append the event unless somebody's made the move invalid; others' events in between don't matter."""
    for tries_left in reversed(range(_TRIES)):
        _, oncall, seq = _now(lab, name, scenario)
        kind, payload = event(oncall)
        try:
            return lab.journal.append(kind, payload, expect_seq=seq)
        except JournalMoved:
            if not tries_left:
                raise
    raise AssertionError("unreachable")
