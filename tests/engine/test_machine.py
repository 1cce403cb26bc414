"""The fold: where a drill stands follows from its journal alone."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.engine.machine import Drill, Phase, fold, step
from labctl.lab.journal import Event

BEGUN: dict[str, Any] = {"drill": "d1", "scenario": "s", "mode": "drill", "run": "r1", "second": 10}
STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("drill.begun", BEGUN),
    ("change.begun", {"id": "n1", "role": "noise"}),
    ("change.done", {"id": "n1"}),
    ("phase.green", {"second": 40}),
    ("change.begun", {"id": "f1", "role": "fault"}),
    ("change.done", {"id": "f1"}),
    ("phase.injected", {"second": 45}),
    ("phase.red", {"second": 52}),
    ("page.fired", {"alert": "A", "fired_wall_s": 53.5, "second": 54}),
    ("change.begun", {"id": "l1", "role": "learner"}),
    ("change.done", {"id": "l1"}),
    ("phase.held", {"second": 100}),
    ("change.begun", {"id": "i1", "role": "inject"}),
    ("change.done", {"id": "i1"}),
    ("phase.challenged", {"second": 104, "challenge": "restart"}),
    ("verdict", {"outcome": "mitigated", "second": 130}),
    ("drill.ended", {"how": "mitigated", "second": 131}),
)


def journal(*told: tuple[str, dict[str, Any]]) -> list[Event]:
    """Events one second apart, the first at wall second 1."""
    return [Event(seq, float(seq), kind, payload) for seq, (kind, payload) in enumerate(told, start=1)]


def until(kind: str) -> Drill:
    """The story, up to and with the first event of this kind."""
    kinds = [each for each, _ in STORY]
    return fold(journal(*STORY[: kinds.index(kind) + 1]))


def then(drill: Drill, kind: str, wall_s: float = 99.0, **payload: Any) -> Drill:
    return step(drill, Event(99, wall_s, kind, payload))


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        ("drill.begun", Phase.BASELINE),
        ("phase.green", Phase.GREEN),
        ("phase.injected", Phase.INJECTED),
        ("phase.red", Phase.RED),
        ("page.fired", Phase.RED),
        ("phase.held", Phase.HELD),
        ("phase.challenged", Phase.CHALLENGED),
        ("verdict", Phase.MITIGATED),
        ("drill.ended", Phase.ENDED),
    ],
)
def test_each_event_leads_to_its_phase(kind: str, phase: Phase) -> None:
    """One way through, from a healthy shop to the end."""
    assert until(kind).phase is phase


def test_a_drill_remembers_what_its_next_driver_needs() -> None:
    """Whose seconds count, when it broke, when it paged, and what was tried: all from the journal."""
    drill = until("phase.challenged")
    assert (drill.id, drill.scenario, drill.mode, drill.run) == ("d1", "s", "drill", "r1")
    assert (drill.begun, drill.injected, drill.red, drill.held) == (10, 45, 52, 100)
    assert (drill.begun_wall_s, drill.injected_wall_s, drill.fired_wall_s) == (1.0, 7.0, 53.5)
    assert drill.challenged == (104,)


def test_steps_one_by_one_are_the_fold() -> None:
    """A driver that reads on comes to the same state as one that begins with the whole journal."""
    events = journal(*STORY)
    drill = Drill()
    for number, event in enumerate(events, start=1):
        drill = step(drill, event)
        assert drill == fold(events[:number])


@pytest.mark.parametrize("kind", ["page.fired", "phase.held", "phase.challenged"])
@pytest.mark.parametrize("role", ["learner", "fix", "decoy"])
def test_a_change_that_may_mitigate_starts_the_hold_over(kind: str, role: str) -> None:
    """Also while the mitigation is being tried: what held before, held under something else."""
    drill = then(until(kind), "change.begun", wall_s=77.0, id="l2", role=role)
    assert (drill.phase, drill.held, drill.challenged) == (Phase.RED, 0, ())
    assert (drill.acting, drill.acted_wall_s) == ("l2", 77.0)


@pytest.mark.parametrize("ending", ["change.done", "change.failed"])
def test_the_hold_may_begin_when_the_change_is_over(ending: str) -> None:
    """Not while it still happens; a change that failed may have done something too."""
    acting = then(until("page.fired"), "change.begun", wall_s=70.0, id="l2", role="learner")
    assert then(acting, ending, wall_s=76.0, id="l2").acted_wall_s == 76.0
    assert then(acting, ending, wall_s=76.0, id="someone else's").acted_wall_s == 70.0


@pytest.mark.parametrize("role", ["inject", "noise", "fault"])
def test_the_drill_s_own_doings_do_not(role: str) -> None:
    """The challenge's restart is no change of the learner's."""
    assert then(until("phase.held"), "change.begun", id="x", role=role) == until("phase.held")


def test_a_change_before_users_are_hurt_is_no_mitigation() -> None:
    """Nothing is under judgement yet."""
    assert then(until("phase.green"), "change.begun", id="x", role="learner") == until("phase.green")


def test_the_baseline_is_measured_after_the_innocent_changes() -> None:
    """From the moment at which the last of them had been made; those that break and mend don't matter."""
    assert fold(journal(*STORY[:3])).quiet_wall_s == 3.0
    assert until("drill.ended").quiet_wall_s == 3.0


@pytest.mark.parametrize("outcome", ["masked", "not restored", "could not judge"])
def test_only_mitigated_ends_it(outcome: str) -> None:
    """Any other verdict leads back to red, judged afresh from there."""
    drill = then(until("phase.challenged"), "verdict", outcome=outcome, second=130)
    assert (drill.phase, drill.outcome, drill.judged_from) == (Phase.RED, outcome, 130)
    assert (drill.held, drill.challenged) == (0, ())


@pytest.mark.parametrize("kind", ["phase.injected", "phase.red", "page.fired"])
def test_a_claim_is_remembered_until_its_verdict(kind: str) -> None:
    """Also one that comes before the harm was seen in the users' seconds."""
    claimed = then(until(kind), "resolve.claimed", second=60)
    assert (claimed.claimed, claimed.phase) == (60, until(kind).phase)
    assert then(claimed, "phase.red", second=61).claimed == 60
    assert then(claimed, "change.begun", id="l2", role="learner").claimed == 60
    assert then(claimed, "verdict", outcome="masked", second=90).claimed == 0


@pytest.mark.parametrize("kind", ["drill.begun", "phase.green", "verdict", "drill.ended"])
def test_there_is_nothing_to_claim_before_the_fault_and_after_the_end(kind: str) -> None:
    """Such a claim changes nothing."""
    assert then(until(kind), "resolve.claimed", second=60) == until(kind)


def test_a_challenge_that_a_change_overtook_is_void() -> None:
    """It tried something else; the hold starts over with the change."""
    changed = then(until("phase.held"), "change.begun", id="l2", role="learner")
    assert then(changed, "phase.challenged", second=105, challenge="restart") == changed


def test_a_reset_forgets_the_drill_and_the_next_one_is_new() -> None:
    """After a reset nothing is broken, so nothing goes on; a new drill inherits nothing."""
    assert fold([*journal(*STORY[:12]), Event(13, 13.0, "lab.reset", {})]) == Drill()
    new = Event(99, 50.0, "drill.begun", {**BEGUN, "drill": "d2", "second": 200})
    again = step(until("phase.held"), new)
    assert (again.id, again.phase, again.begun) == ("d2", Phase.BASELINE, 200)
    assert (again.injected, again.fired_wall_s, again.acting, again.challenged) == (0, None, "", ())


def test_events_of_others_change_nothing() -> None:
    """What this version does not know, and what is no part of a drill."""
    for kind in ("lab.up", "change.undone", "inject.planned"):
        assert then(until("phase.red"), kind, id="l1") == until("phase.red")


def test_in_judgement_the_incident_is_open_while_users_are_well() -> None:
    """Judged from the injection on, and what is done starts the hold over; harm is noted when it comes."""
    calm = then(until("phase.injected"), "phase.calm", second=55)
    assert (calm.phase, calm.red, calm.judged_from) == (Phase.RED, 0, 45)
    acted = then(calm, "change.begun", wall_s=77.0, id="l1", role="learner")
    assert (acted.acting, acted.acted_wall_s) == ("l1", 77.0)
    assert then(acted, "phase.red", second=80).red == 80


def test_a_word_to_those_who_wait_is_remembered() -> None:
    """Until the next drill begins."""
    told = then(until("page.fired"), "update.said", text="Looking.")
    assert told.told
    assert not step(told, Event(99, 50.0, "drill.begun", BEGUN)).told


def test_a_change_between_the_fault_and_the_harm_is_noted() -> None:
    """Whoever was called early may act early; the phase is what it was, and the hold begins after it."""
    acted = then(until("phase.injected"), "change.begun", wall_s=50.0, id="l1", role="learner")
    assert (acted.phase, acted.acting, acted.acted_wall_s) == (Phase.INJECTED, "l1", 50.0)
    assert then(acted, "change.done", wall_s=54.0, id="l1").acted_wall_s == 54.0
    assert then(until("phase.injected"), "change.begun", id="x", role="inject") == until("phase.injected")
