"""What the learner did follows from the journal alone, and so does what may be done next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labctl.engine import machine
from labctl.engine.machine import Drill, Phase
from labctl.oncall import state
from labctl.oncall.state import OnCall, Update, moves
from tests.engine.test_machine import BEGUN, journal

Told = tuple[str, dict[str, Any]]
PAGED: tuple[Told, ...] = (
    ("drill.begun", BEGUN),
    ("phase.green", {"second": 40}),
    ("phase.injected", {"second": 45}),
    ("phase.red", {"second": 52}),
    ("page.fired", {"alert": "A", "fired_wall_s": 4.5, "second": 54}),
)
"""Paged at wall second 5."""
ACK: Told = ("page.acked", {})
ASKED: Told = ("question.asked", {"who": "support", "text": "what?"})
HINT: Told = ("hint.given", {"number": 1, "cost": 5, "text": "look"})
CLAIM: Told = ("resolve.claimed", {"second": 60})
MASKED: Told = ("verdict", {"outcome": "masked", "second": 90, "durable": False})


def oncall(*more: Told) -> OnCall:
    return state.fold(journal(*PAGED, *more))


def valid(*told: Told, hints: int | None = None) -> set[str]:
    events = journal(*told)
    found = moves(machine.fold(events), state.fold(events), hints=hints)
    assert all(move.valid or "\n" not in str(move.why_not) for move in found.values())
    return {name for name, move in found.items() if move.valid}


def test_the_page_and_the_first_acknowledgement_are_remembered() -> None:
    """Times are those of the events; acknowledging twice changes nothing."""
    was = oncall(ACK, ACK)
    assert (was.paged_wall_s, was.alert, was.acked_wall_s) == (5.0, "A", 6.0)


def test_a_human_s_word_is_a_page_too() -> None:
    """Where no alert fires, what was told stands for it."""
    human = state.fold(journal(*PAGED[:4], ("page.told", {"text": "Support: help", "second": 54})))
    assert (human.paged_wall_s, human.alert) == (5.0, None)


def test_an_update_answers_every_open_question() -> None:
    """And none that is asked later."""
    was = oncall(ASKED, ("update.said", {"text": "looking", "to": "support"}), ASKED)
    assert was.updates == (Update(7.0, "looking", "support"),)
    assert [each.answered_wall_s for each in was.questions] == [7.0, None]
    assert len(was.open_questions) == 1
    assert was.spoken_wall_s == 7.0
    assert oncall(ASKED).spoken_wall_s == 5.0


def test_what_is_declared_again_replaces_what_it_names() -> None:
    """The severity may change and the roles stay."""
    first = ("incident.declared", {"severity": "SEV2", "roles": {"commander": "Ada"}})
    second = ("incident.declared", {"severity": None, "roles": {"scribe": "Bo"}})
    third = ("incident.declared", {"severity": "SEV1", "roles": {}})
    assert oncall(first, second).severity == "SEV2"
    was = oncall(first, second, third)
    assert (was.severity, was.roles) == ("SEV1", {"commander": "Ada", "scribe": "Bo"})


def test_a_verdict_answers_the_claim() -> None:
    """Claimed while it is judged; how often is remembered."""
    assert oncall(CLAIM).claimed_wall_s == 6.0
    was = oncall(CLAIM, MASKED)
    assert (was.claimed_wall_s, was.claims) == (None, 1)


@pytest.mark.parametrize("kind", ["drill.begun", "lab.reset"])
def test_a_new_drill_inherits_nothing(kind: str) -> None:
    """Nor does anything outlive a reset."""
    assert oncall(ACK, HINT, (kind, BEGUN)) == OnCall()


def test_steps_one_by_one_are_the_fold() -> None:
    """Whoever reads on comes to the same state as whoever begins anew."""
    events = journal(*PAGED, ACK, ASKED, HINT, CLAIM, MASKED)
    was = OnCall()
    for number, event in enumerate(events, start=1):
        was = state.step(was, event)
        assert was == state.fold(events[:number])


def test_before_anything_runs_nothing_can_be_done() -> None:
    """And the reason says so."""
    assert valid() == set()
    found = moves(Drill(), OnCall())
    assert {move.why_not for move in found.values()} == {"no drill is under way"}


def test_before_the_page_one_may_check_and_leave() -> None:
    """There is nothing to acknowledge, tell or claim yet."""
    assert valid(*PAGED[:2]) == {"check", "quit"}
    found = moves(machine.fold(journal(*PAGED[:2])), OnCall())
    assert found["ack"].why_not == "nobody has paged you yet"


def test_who_sees_the_harm_before_the_page_may_claim_its_end() -> None:
    """A page never comes for what was mitigated in time."""
    assert valid(*PAGED[:4]) == {"check", "resolve", "quit"}


def test_after_the_page_everything_can_be_done_and_ack_once() -> None:
    """The order is that of a footer."""
    found = moves(machine.fold(journal(*PAGED)), oncall())
    assert list(found) == ["ack", "say", "declare", "hint", "check", "resolve", "reveal", "quit"]
    assert valid(*PAGED) == set(found)
    assert valid(*PAGED, ACK) == set(found) - {"ack"}


def test_hints_end() -> None:
    """Where the caller knows how many there are."""
    assert "hint" in valid(*PAGED, HINT, hints=2)
    assert "hint" not in valid(*PAGED, HINT, hints=1)
    assert "hint" not in valid(*PAGED, hints=0)


def test_a_claim_is_judged_before_the_next() -> None:
    """After the verdict there may be another."""
    assert "resolve" not in valid(*PAGED, CLAIM)
    assert "resolve" in valid(*PAGED, CLAIM, MASKED)


def test_the_cause_is_revealed_once() -> None:
    """The drill goes on."""
    assert valid(*PAGED, ("cause.revealed", {})) == valid(*PAGED) - {"reveal"}


@pytest.mark.parametrize("phase", [Phase.MITIGATED, Phase.ENDED])
def test_what_is_over_can_still_be_checked(phase: Phase) -> None:
    """Nothing else."""
    drill = replace(machine.fold(journal(*PAGED)), phase=phase)
    found = moves(drill, oncall())
    assert {name for name, move in found.items() if move.valid} == {"check"}
    assert found["say"].why_not == "the drill is over"


def test_a_proof_is_no_drill() -> None:
    """A script plays it."""
    scripted = ("drill.begun", {**BEGUN, "mode": "verify"})
    assert valid(scripted, *PAGED[1:]) == set()
