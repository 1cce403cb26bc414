"""The drill as a state: a fold over the journal through one pure `step`. No I/O, no clock.

baseline ── phase.green ──► green ── phase.injected ──► injected ── phase.red ──► red
    red ── phase.held ──► held ── phase.challenged ──► challenged ── verdict ──► mitigated
In a drill of judgement users are well: `phase.calm` leads from injected to red, judged from the injection.
`page.fired` may come at any time after the injection; a verdict other than *mitigated* and a
change that someone makes lead back to red, and the hold starts over. In mode "drill" red is left
only by a claim, `resolve.claimed`; each verdict ends the claim that it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from labctl.lab.journal import Event


class Phase(StrEnum):
    NONE = "none"  # no drill has begun
    BASELINE = "baseline"  # waiting for a healthy shop
    GREEN = "green"  # healthy; nothing is broken yet
    INJECTED = "injected"  # the faults are in; users are not yet hurt
    RED = "red"  # open: users are hurt, or were and the hold runs; in judgement they may be yet
    HELD = "held"  # the SLO held as long as it must
    CHALLENGED = "challenged"  # the mitigation is being tried
    MITIGATED = "mitigated"
    ENDED = "ended"


MITIGATING = frozenset({"learner", "fix", "decoy"})
"""Roles of changes after which the hold starts over."""
_UNDER_JUDGEMENT = frozenset({Phase.RED, Phase.HELD, Phase.CHALLENGED})


@dataclass(frozen=True)
class Drill:
    """Where a drill stands. Seconds are the load's numbers, so that a resumed driver agrees."""

    phase: Phase = Phase.NONE
    id: str = ""
    scenario: str = ""
    mode: str = ""
    run: str = ""  # the load process whose seconds count; another one cannot be compared
    begun: int = 0
    begun_wall_s: float = 0.0
    quiet_wall_s: float = 0.0  # when the last innocent change had been made; the baseline comes after
    injected: int = 0
    red: int = 0
    injected_wall_s: float = 0.0
    fired_wall_s: float | None = None  # when the page began to fire
    judged_from: int = 0  # the hold may begin after this second …
    acting: str = ""  # the mitigating change that was begun last
    acted_wall_s: float = 0.0  # … and not before this moment
    claimed: int = 0  # the second at which the learner claimed that it is over; 0 while nobody does
    told: bool = False  # those who wait have heard something from whoever is on call
    held: int = 0
    challenged: tuple[int, ...] = ()  # when each challenge had been put
    invariants: tuple[Mapping[str, Any], ...] = ()  # before the first that need not be survived
    outcome: str | None = None


def step(drill: Drill, event: Event) -> Drill:
    """The state after one more event; events of other kinds change nothing."""
    move = _MOVES.get(event.kind)
    return move(drill, event) if move else drill


def fold(events: Iterable[Event]) -> Drill:
    """The newest drill of a journal."""
    drill = Drill()
    for event in events:
        drill = step(drill, event)
    return drill


def _begun(_: Drill, event: Event) -> Drill:
    payload = event.payload
    return Drill(
        phase=Phase.BASELINE,
        id=payload["drill"],
        scenario=payload["scenario"],
        mode=payload["mode"],
        run=payload["run"],
        begun=payload["second"],
        begun_wall_s=event.wall_s,
    )


def _green(drill: Drill, _: Event) -> Drill:
    return replace(drill, phase=Phase.GREEN)


def _injected(drill: Drill, event: Event) -> Drill:
    second = event.payload["second"]
    injected = replace(drill, phase=Phase.INJECTED, injected=second, judged_from=second)
    return replace(injected, injected_wall_s=event.wall_s)


def _red(drill: Drill, event: Event) -> Drill:
    second = event.payload["second"]
    return replace(drill, phase=Phase.RED, red=second, judged_from=second)


def _calm(drill: Drill, _: Event) -> Drill:
    """Users are well since the injection: whatever is done from now on is judged."""
    return replace(drill, phase=Phase.RED)


def _told(drill: Drill, _: Event) -> Drill:
    return replace(drill, told=True)


def _paged(drill: Drill, event: Event) -> Drill:
    return replace(drill, fired_wall_s=event.payload["fired_wall_s"])


def _change_begun(drill: Drill, event: Event) -> Drill:
    return _acted(drill, event, event.payload["id"]) if event.payload["role"] in MITIGATING else drill


def _seen(drill: Drill, event: Event) -> Drill:
    """Somebody changed something past labctl: that is a change like any other."""
    return _acted(drill, event, f"seen-{event.seq}")


def _acted(drill: Drill, event: Event, change: str) -> Drill:
    """The hold starts over; a change that comes before it is known whom the fault hurts is noted alone."""
    noted = replace(drill, acting=change, acted_wall_s=event.wall_s)
    if drill.phase is Phase.INJECTED:
        return noted
    return (
        replace(noted, phase=Phase.RED, held=0, challenged=(), invariants=())
        if drill.phase in _UNDER_JUDGEMENT
        else drill
    )


def _change_over(drill: Drill, event: Event) -> Drill:
    if drill.phase is Phase.BASELINE:
        return replace(drill, quiet_wall_s=event.wall_s)
    if event.payload["id"] != drill.acting:
        return drill
    return replace(drill, acted_wall_s=event.wall_s)


def _held(drill: Drill, event: Event) -> Drill:
    return replace(drill, phase=Phase.HELD, held=event.payload["second"])


def _claimed(drill: Drill, event: Event) -> Drill:
    """Users may be hurt before it is seen in their seconds: the claim is judged once it is."""
    if drill.phase not in (Phase.INJECTED, Phase.RED):
        return drill
    return replace(drill, claimed=event.payload["second"])


def _challenged(drill: Drill, event: Event) -> Drill:
    """A change that was begun meanwhile makes it void: what was tried was something else."""
    if drill.phase not in (Phase.HELD, Phase.CHALLENGED):
        return drill
    challenged = (*drill.challenged, event.payload["second"])
    invariants = drill.invariants or tuple(event.payload.get("invariants", ()))
    return replace(drill, phase=Phase.CHALLENGED, challenged=challenged, invariants=invariants)


def _judged(drill: Drill, event: Event) -> Drill:
    outcome, second = event.payload["outcome"], event.payload["second"]
    if outcome == "mitigated":
        return replace(drill, phase=Phase.MITIGATED, outcome=outcome)
    again = replace(drill, phase=Phase.RED, outcome=outcome, judged_from=second, claimed=0)
    return replace(again, held=0, challenged=(), invariants=())


def _ended(drill: Drill, _: Event) -> Drill:
    return replace(drill, phase=Phase.ENDED)


def _reset(_: Drill, __: Event) -> Drill:
    """Nothing is broken any more: a drill that was cut short cannot go on."""
    return Drill()


_MOVES: dict[str, Callable[[Drill, Event], Drill]] = {
    "drill.begun": _begun,
    "phase.green": _green,
    "phase.injected": _injected,
    "phase.red": _red,
    "phase.calm": _calm,
    "page.fired": _paged,
    "change.begun": _change_begun,
    "change.done": _change_over,
    "change.failed": _change_over,
    "change.seen": _seen,
    "phase.held": _held,
    "phase.challenged": _challenged,
    "update.said": _told,
    "resolve.claimed": _claimed,
    "verdict": _judged,
    "drill.ended": _ended,
    "lab.reset": _reset,
}
