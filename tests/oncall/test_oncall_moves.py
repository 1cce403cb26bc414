"""Moves on a lab: each leaves one event, and refuses with what to type when it is not its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl import recording
from labctl.engine import machine
from labctl.engine.machine import Phase
from labctl.errors import UsageError
from labctl.lab.journal import Event, Journal
from labctl.oncall import moves, progress, state
from tests.engine import world
from tests.engine.world import WorldLab, scenario
from tests.oncall.test_oncall_state import PAGED


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    """A lab in the middle of a drill whose page has fired."""
    lab = world.build(tmp_path, monkeypatch)
    lab.clock.sleep(60.0)
    for kind, payload in PAGED:
        lab.journal.append(kind, {**payload, "scenario": "pool-shrunk"} if "scenario" in payload else payload)
    return lab


def last(lab: WorldLab) -> Event:
    return lab.journal.read()[-1]


def test_each_move_leaves_one_event(lab: WorldLab) -> None:
    """What was typed is in the journal and nowhere else."""
    moves.ack(lab)
    assert (last(lab).kind, last(lab).payload) == ("page.acked", {})
    moves.say(lab, "  looking\n at it ", to="support")
    assert (last(lab).kind, last(lab).payload) == ("update.said", {"text": "looking at it", "to": "support"})
    moves.say(lab, "still")
    assert last(lab).payload == {"text": "still"}
    moves.declare(lab, severity="2", roles={"commander": "Ada"})
    assert last(lab).payload == {"severity": "SEV2", "roles": {"commander": "Ada"}}
    moves.claim(lab)
    assert (last(lab).kind, last(lab).payload) == ("resolve.claimed", {"second": len(lab.world.seconds) + 1})


def test_hints_come_one_by_one_with_their_cost_first(lab: WorldLab) -> None:
    """Looking at the cost gives nothing; the last one is the last."""
    chosen = scenario(("  - {cost: 5, text: look}", "  - {cost: 5, text: look}\n  - {cost: 20, text: there}"))
    assert moves.next_hint(lab, chosen).cost == 5
    assert last(lab).kind == "page.fired"
    assert moves.hint(lab, chosen).payload == {"number": 1, "cost": 5, "text": "look"}
    assert moves.hint(lab, chosen).payload == {"number": 2, "cost": 20, "text": "there"}
    with pytest.raises(UsageError, match="there is no further hint"):
        moves.hint(lab, chosen)


@pytest.mark.parametrize("move", [moves.ack, moves.claim, moves.reveal])
def test_what_can_be_done_once_is_refused_the_second_time(lab: WorldLab, move: Any) -> None:
    """And leaves no second event."""
    move(lab)
    seq = lab.journal.last_seq()
    with pytest.raises(UsageError, match="already") as refused:
        move(lab)
    assert refused.value.hint
    assert lab.journal.last_seq() == seq


def test_without_a_drill_it_says_how_to_begin_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next thing to type is in the hint."""
    lab = world.build(tmp_path, monkeypatch)
    with pytest.raises(UsageError, match="no drill is under way") as refused:
        moves.ack(lab)
    assert refused.value.hint == "labctl list, then labctl drill CODE"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_update_needs_words(lab: WorldLab, text: str) -> None:
    """Silence answers no question."""
    with pytest.raises(UsageError, match="needs words"):
        moves.say(lab, text)


def test_a_declaration_needs_something_right_in_it(lab: WorldLab) -> None:
    """Nothing, a severity that there is not, nobody in a role."""
    for wrong in ({}, {"severity": "SEV9"}, {"roles": {"commander": " "}}):
        with pytest.raises(UsageError):
            moves.declare(lab, **wrong)
    assert last(lab).kind == "page.fired"


def test_two_at_once_are_put_in_order(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another terminal acknowledges between our look and our append: ours is refused."""
    read = Journal.read
    others = iter(["page.acked"])

    def slow(journal: Journal, after: int = 0) -> list[Event]:
        events = read(journal, after)
        for kind in others:
            journal.append(kind, {})
        return events

    monkeypatch.setattr(Journal, "read", slow)
    with pytest.raises(UsageError, match="already"):
        moves.ack(lab)
    assert [event.kind for event in read(lab.journal)].count("page.acked") == 1


def test_reveal_keeps_the_drill_and_it_goes_on(lab: WorldLab) -> None:
    """Saved, marked as revealed, and still to be mitigated."""
    moves.reveal(lab)
    assert state.fold(lab.journal.read()).revealed
    assert machine.fold(lab.journal.read()).phase is Phase.RED
    assert [each.scenario for each in progress.all_kept()] == ["pool-shrunk"]


def test_quit_keeps_the_drill_and_heals_the_lab(lab: WorldLab) -> None:
    """The recording has the end in it; after the reset nothing runs."""
    moves.quit_(lab)
    assert machine.fold(lab.journal.read()).phase is Phase.NONE
    (path,) = progress.folder().glob("*.json")
    kept = recording.load(path)
    assert kept.of("drill.ended")[0].payload["how"] == "quit"
    assert last(lab).kind == "lab.reset"


def test_what_is_kept_is_its_owner_s_alone(lab: WorldLab) -> None:
    """Recordings name causes."""
    path = progress.keep(lab)
    assert path.name == "d1.json"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
