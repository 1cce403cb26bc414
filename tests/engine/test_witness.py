"""What is changed past labctl is seen, told once, and starts the hold over; what labctl did is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from labctl import drill as drilling
from labctl.desk.changes import history
from labctl.engine.machine import Phase, fold
from labctl.engine.witness import Ours, Sight, Witness, from_event, from_log
from labctl.judge import Outcome
from labctl.lab.journal import Event as Journaled
from labctl.oncall import moves
from labctl.runtimes.base import Event, EventKind, Line
from labctl.runtimes.fake import FakeRuntime
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import Deed, WorldLab, scenario

HEAD = "2026-11-21 07:00:00.123 UTC [4711] "


def said(*texts: str) -> list[str]:
    """What the lines of a Postgres' log tell."""
    lines = [Line(100.0 + number, "postgres-1", text) for number, text in enumerate(texts)]
    return [sight.said for sight in from_log(lines, secrets=["s3cret"], services=["checkout", "worker"])]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "postgres@shop psql LOG:  statement: alter system set work_mem = '1MB'",
            ["postgres@shop: alter system set work_mem = '1MB'"],
        ),
        ("analytics@shop  LOG:  statement: create index on a (b)", ["analytics@shop: create index on a (b)"]),
        (
            "postgres@shop psql LOG:  statement: alter role shop password 'x'",
            ["postgres@shop: alter role shop password '***'"],
        ),
        ("postgres@shop psql LOG:  statement: comment on table t is 's3cret'",
         ["postgres@shop: comment on table t is '***'"]),
        ("postgres@shop labctl LOG:  statement: drop database shop", []),
        ("shop@shop checkout-2 LOG:  statement: create temp table x (y int)", []),
        (
            "analytics@shop psql FATAL:  terminating connection due to administrator command",
            ["ended the session psql of analytics on shop"],
        ),
        ("shop@shop checkout-1 LOG:  duration: 1203.1 ms  statement: select 1", []),
    ],
)  # fmt: skip
def test_ddl_and_ended_sessions_are_read_from_the_log(line: str, told: list[str]) -> None:
    """Whoever typed them, but for labctl and the services themselves; secrets are not kept."""
    assert said(HEAD + line) == told


def test_a_statement_of_several_lines_is_one() -> None:
    """Postgres indents what goes on."""
    assert said(f"{HEAD}postgres@shop psql LOG:  statement: create index", "\ton orders", "\t(state);") == [
        "postgres@shop: create index on orders (state);"
    ]


def test_sessions_that_a_restart_ends_are_no_changes_of_their_own() -> None:
    """Only from the shutdown until it is open again."""
    fatal = f"{HEAD}shop@shop checkout-1 FATAL:  terminating connection due to administrator command"
    stop, start = (
        f"{HEAD}LOG:  received fast shutdown request",
        f"{HEAD}LOG:  database system is ready to accept",
    )
    assert said(stop, fatal, fatal, start) == []
    assert len(said(stop, fatal, start, fatal)) == 1


@pytest.mark.parametrize(
    ("exit_code", "oom", "wanted", "told"),
    [
        (143, False, False, "ended checkout-1: SIGTERM"),
        (137, False, False, "ended checkout-1: SIGKILL"),
        (0, False, False, "ended checkout-1: it was asked to end"),
        (137, True, False, None),
        (1, False, False, None),
        (139, False, False, None),
        (143, False, True, None),
    ],
)
def test_a_process_that_was_sent_a_signal_was_changed(
    exit_code: int, oom: bool, wanted: bool, told: str | None
) -> None:
    """Not one that crashed, ran out of memory, or was ended by labctl."""
    event = Event(1, 5.0, EventKind.EXITED, "checkout-1", "checkout", exit_code, wanted)
    sight = from_event(event, oom=oom, kind="local")
    assert (sight and sight.said) == told
    assert from_event(event, oom=oom, kind="docker") is None  # where the engine itself tells


def test_what_labctl_changes_is_its_own_until_it_has_been_told() -> None:
    """A change under way has no end yet."""
    ours = Ours()
    ours.hear(Journaled(1, 10.0, "change.begun", {"id": "a"}))
    assert [ours.did(at) for at in (9.9, 10.0, 1e9)] == [False, True, True]
    ours.hear(Journaled(2, 12.0, "change.done", {"id": "a"}))
    assert [ours.did(at) for at in (9.9, 10.0, 13.5, 13.6)] == [False, True, True, False]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


def by_hand(lab: WorldLab, text: str) -> None:
    assert isinstance(lab.runtime, FakeRuntime)
    lab.runtime.by_hand("checkout-1", text)


def seen(lab: WorldLab) -> Sequence[Journaled]:
    return [event for event in lab.journal.read() if event.kind == "change.seen"]


def test_a_repair_with_docker_counts_as_the_learners_and_is_mitigation(lab: WorldLab) -> None:
    """It is in the journal once, starts the hold over, and is in the list of changes."""
    lab.world.hurt = lambda _: {} if mended else {"checkout": 0.9} if broken(lab.wanted()) else {}
    mended: list[bool] = []

    def mend() -> None:
        mended.append(True)
        by_hand(lab, "ran in checkout-1: mend --token=abc")

    paged = Deed(lambda: fold(lab.journal.read()).fired_wall_s is not None, mend)
    lab.world.deeds += [paged, Deed(lambda: bool(mended), lambda: moves.claim(lab))]
    verdict = drilling.drill(lab, scenario(), clock=lab.clock, quiet_s=0.0)
    assert verdict is not None
    assert verdict.outcome is Outcome.MITIGATED
    (event,) = seen(lab)
    assert event.payload["by"] == "docker"
    assert event.payload["said"] == "ran in checkout-1: mend --token=***"
    assert (
        history(lab, "checkout")[-2].summary == "docker: ran in checkout-1: mend --token=***"
    )  # then the challenge


def broken(wanted: Wanted) -> bool:
    return bool(wanted["checkout"].release == "2.4.0")


@pytest.mark.parametrize("phase", ["red", "held", "challenged"])
def test_a_change_that_was_seen_starts_the_hold_over(phase: str) -> None:
    """As the learner's own actions do."""
    events = [
        Journaled(
            1, 1.0, "drill.begun", {"drill": "d", "scenario": "s", "mode": "drill", "run": "r", "second": 1}
        ),
        Journaled(2, 2.0, "phase.injected", {"second": 2}),
        Journaled(3, 3.0, "phase.red", {"second": 3}),
        Journaled(4, 4.0, "phase.held", {"second": 4}),
        Journaled(5, 5.0, "phase.challenged", {"second": 5}),
    ]
    until = {"red": 3, "held": 4, "challenged": 5}[phase]
    sight = Sight("psql", "create index", 5.5, "postgres").payload()
    at = fold([*events[:until], Journaled(6, 6.0, "change.seen", sight)])
    assert (at.phase, at.held, at.challenged, at.acted_wall_s) == (Phase.RED, 0, (), 6.0)
    assert fold([*events[:2], Journaled(6, 6.0, "change.seen", sight)]).phase is Phase.INJECTED


def test_a_resumed_witness_tells_nothing_twice(lab: WorldLab) -> None:
    """What the journal has is known; what came while nobody looked is told now."""
    begun = lab.clock.wall()
    lab.clock.sleep(1)
    by_hand(lab, "restarted checkout-1")
    (first,) = Witness(lab).look(since_wall_s=begun)
    lab.journal.append("change.seen", first.payload())
    lab.clock.sleep(1)
    by_hand(lab, "paused checkout-1")
    assert [sight.said for sight in Witness(lab).look(since_wall_s=begun)] == ["paused checkout-1"]
    assert Witness(lab).look(since_wall_s=lab.clock.wall()) == []


def test_it_looks_once_a_second(lab: WorldLab) -> None:
    """However often it is asked."""
    witness, begun = Witness(lab), lab.clock.wall() - 1
    assert witness.look(since_wall_s=begun) == []
    by_hand(lab, "restarted checkout-1")
    assert witness.look(since_wall_s=begun) == []
    lab.clock.sleep(1)
    assert len(witness.look(since_wall_s=begun)) == 1


def test_of_the_journal_it_reads_only_what_is_new(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a drill lasts; what it has read still counts."""
    begun, read = lab.clock.wall() - 1, lab.journal.read
    unsealed: list[int] = []

    def counted(after: int = 0) -> list[Journaled]:
        events = read(after)
        unsealed.append(len(events))
        return events

    monkeypatch.setattr(lab.journal, "read", counted)
    for number in range(50):
        lab.journal.append("command.run", {"argv": ["status"], "kind": "look", "number": number})
    witness = Witness(lab)
    by_hand(lab, "restarted checkout-1")
    (first,) = witness.look(since_wall_s=begun)
    lab.journal.append("change.seen", first.payload())
    lab.journal.append("change.begun", {"id": "a"})
    lab.clock.sleep(1)
    by_hand(lab, "paused checkout-1")
    assert witness.look(since_wall_s=begun) == []  # labctl's own change is under way
    assert unsealed == [50, 2]
