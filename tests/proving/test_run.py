"""A run: every part on some lab exactly once, proofs in the plan's order, evidence asked in the siblings."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from labctl.lab.lab import Lab
from labctl.proof import Check, Grade, Proof
from labctl.proving.bench import FIX_ALLOWANCE_S, Bench
from labctl.proving.listener import Nobody
from labctl.proving.plan import Part, plan
from labctl.proving.run import Run
from labctl.scenario.model import Scenario
from labctl.stack.wanted import Wanted
from labctl.verify import spread, verify
from tests.engine import world
from tests.engine.world import WorldLab, scenario

EVIDENCE = (
    "debrief:",
    "evidence:\n  - {say: requests queue up, query: waiting, above: 4}\ndebrief:",
)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[WorldLab]:
    """Two labs, each in a world of its own."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(world.build(tmp_path / name, monkeypatch))
    return made


class Heard(Nobody):
    """Who tried what, in the order in which it began."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.concluded_: list[str] = []

    def begins(self, part: Part, lab: str) -> None:
        self.begun.append((part.scenario.id, part.name))

    def concluded(self, task: Any, proof: Proof) -> None:
        self.concluded_.append(proof.scenario)


def sibling(identity: str, *more: tuple[str, str]) -> Scenario:
    return scenario(("id: pool-shrunk", f"id: {identity}"), *more)


def of(proof: Proof, phase: str) -> list[Check]:
    return [check for check in proof.checks if check.phase == phase]


def test_two_labs_try_every_part_once_and_report_in_order(labs: list[WorldLab]) -> None:
    """Attempts are independent: spread, the proof is the same as on one lab."""
    heard = Heard()
    tasks = plan([scenario()], repeat=2)
    run = Run(tasks, clock=labs[0].clock, listener=heard, labs=2)
    spread(run, labs)
    assert sorted(heard.begun) == sorted(2 * [("pool-shrunk", "decoys"), ("pool-shrunk", "fix:roll back")])
    proofs = run.proofs()
    assert [(proof.run, proof.exit_code) for proof in proofs] == [(1, 0), (2, 0)]
    assert [check.name for check in proofs[0].checks] == [check.name for check in proofs[1].checks]
    assert [check.phase for check in proofs[0].checks if check.phase in ("decoy", "fix", "reset")] == [
        *["decoy"] * 5,
        "fix",
        "reset",
    ]


def test_one_proof_is_made_after_the_other(lab: WorldLab) -> None:
    """The longest attempt of each first, so that labs end together; one that is over is over early."""
    heard = Heard()
    several = Run(plan([scenario()], repeat=2), clock=lab.clock, listener=heard, labs=2)
    several.work(lab)
    assert [name for _, name in heard.begun] == 2 * ["decoys", "fix:roll back"]


def test_a_lab_that_fails_ends_the_run(labs: list[WorldLab], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a bug is raised where it can be reported, and the other lab stops too."""

    def broken() -> list[Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(labs[0].world, "alerts", broken)
    monkeypatch.setattr(labs[1].world, "alerts", broken)
    with pytest.raises(ZeroDivisionError):
        spread(Run(plan([scenario()]), clock=labs[0].clock, labs=2), labs)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """As in a terminal: a shell that starts the tests in the background has them ignore Ctrl-C."""
    was = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, was)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_waits_for_its_labs(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts it gets the labs back when nobody drives them any more, and not before."""
    let_go: list[str] = []
    waited_for = threading.Event()

    def waiting(working: set[Future[None]], *how: Any) -> Any:
        waited_for.set()
        return wait(working, *how)

    monkeypatch.setattr("labctl.verify.wait", waiting)

    class Interrupted(Run):
        def work(self, lab: Lab) -> None:
            assert waited_for.wait(20), "nobody waits for it"
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert self._stop.wait(20), "nobody has stopped the run"
            time.sleep(0.3)  # it lets go within a moment, not at once
            let_go.append(lab.name)

    with pytest.raises(KeyboardInterrupt):
        spread(Interrupted(plan([scenario()]), clock=lab.clock), [lab])
    assert let_go == [lab.name]


def test_a_stopped_run_begins_nothing_more(lab: WorldLab) -> None:
    """Interrupted, a lab is given back at its next look."""
    heard = Heard()
    run = Run(plan([scenario()]), clock=lab.clock, listener=heard)

    class Stops(Heard):
        def checked(self, part: Part, check: Check) -> None:
            run.stop()

    run = Run(plan([scenario()]), clock=lab.clock, listener=Stops())
    run.work(lab)
    assert [check.phase for check in run.proofs()[0].checks] in ([], ["green"])


def red_everywhere(lab: WorldLab, answers: Mapping[str, list[float]]) -> list[Proof]:
    """Two siblings in one run, told apart by who is being proven."""
    lab.world.answers.update(answers)
    tasks = plan([sibling("one", EVIDENCE), sibling("two")])
    run = Run(tasks, clock=lab.clock)
    was = lab.world.hurt

    def hurt(wanted: Wanted) -> Mapping[str, float]:
        drill = next(e for e in reversed(lab.journal.read()) if e.kind in ("drill.begun", "lab.reset"))
        if drill.payload.get("scenario") == "two":
            lab.world.answers["waiting"] = answers["in two"]
        elif drill.kind == "drill.begun":
            lab.world.answers["waiting"] = answers["waiting"]
        return was(wanted)

    lab.world.hurt = hurt
    run.work(lab)
    return run.proofs()


@pytest.mark.parametrize(
    ("in_two", "grade", "said"),
    [
        ([2.0], Grade.PASSED, "false in two (2, required above 4)"),
        ([], Grade.PASSED, "false in two (nothing, required above 4)"),
        ([90.0], Grade.FAILED, "true in two (90, required above 4) too: it tells nothing apart"),
    ],
)
def test_evidence_must_be_false_in_a_sibling(
    lab: WorldLab, in_two: list[float], grade: Grade, said: str
) -> None:
    """Executed while the sibling is red; the check names it."""
    first, second = red_everywhere(lab, {"waiting": [115.0], "in two": in_two})
    (check,) = of(first, "siblings")
    assert (check.outcome, check.name) == (grade, "requests queue up")
    assert check.said.startswith(said)
    assert first.exit_code == (1 if grade is Grade.FAILED else 0)
    assert of(second, "siblings") == [], "it has no evidence of its own"


def test_a_symptom_that_siblings_share_says_so(lab: WorldLab) -> None:
    """Then it need not tell them apart, and the reason is printed."""
    lab.world.answers["waiting"] = [115.0]
    shared = (EVIDENCE[0], EVIDENCE[1].replace("above: 4", "above: 4, shared: the family's symptom"))
    run = Run(plan([sibling("one", shared), sibling("two")]), clock=lab.clock)
    run.work(lab)
    (check,) = of(run.proofs()[0], "siblings")
    assert check.outcome is Grade.PASSED
    assert check.said.endswith("as it says: the family's symptom")


def test_a_sibling_that_is_not_in_the_run_may_be_the_one_that_differs(lab: WorldLab) -> None:
    """What is true in all others is no failure then, and no pass; another family's members don't count."""
    lab.world.answers["waiting"] = [115.0]
    family = sibling("one").family
    library = {"one": family, "three": family, "four": "another"}
    run = Run(plan([sibling("one", EVIDENCE), sibling("two")], library=library), clock=lab.clock)
    run.work(lab)
    proof, _ = run.proofs()
    (check,) = of(proof, "siblings")
    assert check.outcome is Grade.NOT_TRIED
    assert check.said == "true in two (115, required above 4) too, and three are not in this run"
    assert proof.exit_code == 0


def test_without_a_sibling_in_the_run_it_was_not_tried(lab: WorldLab) -> None:
    """Which is no pass and no failure; everything else is proven."""
    lab.world.answers["waiting"] = [115.0]
    proof = verify(lab, scenario(EVIDENCE), clock=lab.clock)
    (check,) = of(proof, "siblings")
    assert (check.outcome, check.said) == (
        Grade.NOT_TRIED,
        "1 pieces of evidence: there is no sibling in this run",
    )
    assert proof.exit_code == 0


def test_nobody_acting_is_watched_as_long_as_the_longest_measured_fix_needs(lab: WorldLab) -> None:
    """The general allowance until all fixes were measured, then theirs; never less than a hold and 30 s."""
    bench = Bench()
    run = Run(plan([scenario()], repeat=2), clock=lab.clock, bench=bench)
    run.work(lab)
    first, second = (of(proof, "decoy")[0].took_s or 0.0 for proof in run.proofs())
    assert first == pytest.approx(30 + 30 + FIX_ALLOWANCE_S, abs=1)
    assert 60 <= second < first


def test_a_fix_that_takes_longer_than_anybody_was_proven_to_wait_fails(lab: WorldLab) -> None:
    """It could be that the incident had healed by itself meanwhile."""
    bench = Bench()
    bench.fixes.waited("pool-shrunk", 5.0)
    slow = ("rollback: {component: checkout}]", "rollback: {component: checkout}]")
    assert bench.fixes.waited_s("pool-shrunk") == 5.0
    apply = lab.apply

    def slowly(wanted: Wanted) -> None:
        if lab.wanted()["checkout"].release == "2.4.0" and wanted["checkout"].release != "2.4.0":
            lab.clock.sleep(9.0)
        apply(wanted)

    object.__setattr__(lab, "apply", slowly)
    run = Run(plan([scenario(slow)], only="fix:roll back"), clock=lab.clock, bench=bench)
    run.work(lab)
    (check,) = of(run.proofs()[0], "fix")
    assert check.outcome is Grade.FAILED
    assert "nobody was proven to wait in vain (5 s)" in check.said


def test_what_a_machine_lacks_is_neither_pass_nor_failure(lab: WorldLab) -> None:
    """Cannot run here: exit 3, and the only one that may be allowed."""
    object.__setattr__(lab.runtime, "capabilities", frozenset())
    needs = ("briefing:", "requires: [memory-limit]\nbriefing:")
    run = Run(plan([scenario(needs)]), clock=lab.clock)
    run.work(lab)
    (proof,) = run.proofs()
    assert proof.checks[0].outcome is Grade.CANNOT_RUN
    assert "needs memory-limit" in proof.checks[0].said
    assert (proof.exit_code, proof.cannot_run) == (3, True)


def test_attempts_are_recorded_when_asked_for(lab: WorldLab) -> None:
    """Events and seconds of each, for its chart; its conditions are noted in any case."""
    tasks = plan([scenario()])
    run = Run(tasks, clock=lab.clock, recordings=True)
    run.work(lab)
    chain, fix = run.attempted(tasks[0])
    assert chain.recording is not None
    assert fix.recording is not None
    assert chain.recording.of("phase.injected")
    assert fix.recording.of("verdict")
    assert fix.recording.drill != chain.recording.drill
    (proof,) = run.proofs()
    assert [each.part for each in proof.conditions] == ["decoys", "fix:roll back"]
    assert proof.conditions[0].late_p99_ms == 2.0
