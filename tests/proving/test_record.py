"""The record: every whole proof is kept when it is over, and tells what is still to be proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labctl import assets
from labctl.errors import UsageError
from labctl.proof import Check, Grade, Proof
from labctl.proving import proven
from labctl.proving.certificate import Provenance
from labctl.proving.listener import Nobody
from labctl.proving.plan import Task, plan
from labctl.proving.played import proved
from labctl.proving.record import Entry, Record, Recording
from labctl.proving.run import Run
from labctl.proving.sources import Source
from labctl.scenario.loader import load
from tests.engine import world
from tests.engine.world import WorldLab
from tests.proving import crossings

MADE = Provenance("2026-11-22T02:00:00+00:00", "Linux", 2, 4000, {}, "0123456789abcdef", modified=False)
THIN = Check("green", "baseline", Grade.PASSED, "just so", 0.1)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return crossings.written(tmp_path, name="pool-shrunk")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "proven.json"


def rewritten(source: Source, old: str, new: str) -> Source:
    text = source.path.read_text(encoding="utf-8")
    assert old in text
    source.path.write_text(text.replace(old, new), encoding="utf-8")
    return Source(source.path, load(source.path))


def entry(source: Source, outcome: str = "proven", **more: object) -> Entry:
    plain = Entry("pool-shrunk", "local", proved(source), outcome, (), (), 0.4, 300.0, MADE.made, "0123")
    return replace(plain, **more)  # type: ignore[arg-type]


def recorded(record: Record, source: Source, tasks: Sequence[Task], *proofs: Proof) -> Recording:
    """What a run tells as these proofs are concluded."""
    recording = Recording(record, [source], MADE, then=Nobody())
    for task, proof in zip(tasks, proofs, strict=True):
        recording.concluded(task, proof)
    return recording


def judged(*grades: Grade, whole: bool = True) -> Proof:
    proof = Proof("pool-shrunk", "local", took_s=300.0, whole=whole)
    proof.checks = [Check("fix", f"fix {number}", grade, "said") for number, grade in enumerate(grades)]
    return proof


def test_a_proof_is_kept_when_its_last_attempt_is_over(lab: WorldLab, source: Source, path: Path) -> None:
    """With how it came out, on what, and how busy the machine was; whoever else listens hears of it."""
    lab.world.hurt = crossings.feel
    tasks = plan([source.scenario], repeat=2)
    heard: list[int] = []

    class Heard(Nobody):
        def concluded(self, task: Task, proof: Proof) -> None:
            assert proof.scenario == "pool-shrunk"
            heard.append(task.run)
            assert len(json.loads(path.read_text())["proofs"]) == task.run

    recording = Recording(Record(path), [source], MADE, then=Heard())
    run = Run(tasks, clock=lab.clock, listener=recording)
    run.work(lab)
    recording.settle(tasks, run.proofs())
    assert heard == [1, 2]
    first, _ = Record(path)
    assert (first.scenario, first.runtime, first.outcome) == ("pool-shrunk", "fake", "proven")
    assert (first.made, first.commit, first.busy) == (MADE.made, "0123456789ab", 0.5)
    assert first.took_s > 60


def test_what_the_whole_run_says_of_a_proof_counts(source: Source, path: Path) -> None:
    """Siblings are asked when all labs are done: the same proof may come out otherwise."""
    record, tasks = Record(path), plan([source.scenario])
    recording = recorded(record, source, tasks, judged(Grade.PASSED))
    assert [each.outcome for each in record] == ["proven"]
    recording.settle(tasks, [judged(Grade.PASSED, Grade.FAILED)])
    assert [(each.outcome, each.failed) for each in Record(path)] == [("not proven", ("fix fix 1",))]


@pytest.mark.parametrize(
    "proof", [judged(Grade.PASSED, whole=False), judged(Grade.CANNOT_RUN)], ids=["a part", "cannot run"]
)
def test_only_whole_proofs_are_kept(source: Source, path: Path, proof: Proof) -> None:
    """What left something out, or never ran, says nothing of the scenario."""
    recorded(Record(path), source, plan([source.scenario]), proof)
    assert not path.exists()


def test_proofs_in_a_row_end_with_one_that_failed(source: Source, path: Path) -> None:
    """One that nobody could judge neither counts nor ends them; another runtime has its own."""
    record = Record(path)
    for outcome in ("proven", "not proven", "proven", "could not judge", "proven"):
        record.put(entry(source, outcome))
    record.put(entry(source, runtime="docker"))
    assert len(record.in_a_row(source, "local")) == 2
    assert record.missing([source], "local", 3) == {"pool-shrunk": 1}
    assert record.missing([source], "docker", 3) == {"pool-shrunk": 2}
    assert record.missing([source], "local", 2) == {}
    record.put(entry(source, "not proven"))
    assert record.missing([source], "local", 2) == {"pool-shrunk": 2}


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("briefing: A weekday.", "briefing: A Tuesday.", True),
        ("about: The pool was cut.", "about: The pool was made smaller.", True),
        ("red: 20s", "red: 15s", False),
        ("release: 2.4.0", "release: 2.5.0", False),
        ("replicas: 3", "replicas: 4", False),
    ],
)
def test_what_is_played_has_to_be_as_it_was(
    source: Source, path: Path, old: str, new: str, counts: bool
) -> None:
    """Prose may be corrected; whatever decides how a proof comes out makes it another scenario."""
    record = Record(path)
    record.put(entry(source))
    assert len(record.in_a_row(rewritten(source, old, new), "local")) == counts


def test_the_code_that_is_deployed_has_to_be_as_it_was(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release is part of what is played."""
    before = proved(source)
    monkeypatch.setattr("labctl.proving.played.tree", lambda *_: {"config.py": b"DB_POOL_MAX = 3"})
    assert proved(source) != before


@pytest.mark.parametrize(
    "text",
    ["no json", "[]", '{"version": 1}', '{"version": 2, "proofs": []}', '{"version": 1, "proofs": [{}]}'],
)
def test_a_file_that_holds_something_else_is_refused(path: Path, text: str) -> None:
    """And left as it is."""
    path.write_text(text)
    with pytest.raises(UsageError, match=r"proven\.json") as caught:
        Record(path)
    assert caught.value.hint
    assert path.read_text() == text


def test_the_page_is_current() -> None:
    """After a proof, or a change to a scenario: python -m labctl.proving.proven."""
    assert assets.path(*proven.FILE).read_text(encoding="utf-8") == proven.current()


def test_the_page_counts_and_tells_no_cause(source: Source, path: Path) -> None:
    """How often, when last, how busy it was, and what was thin."""
    record = Record(path)
    assert "| checkout-03 | not yet | not yet |" in proven.text([source], record)
    record.put(entry(source))
    record.put(entry(source, busy=0.55, thin=("green",)))
    page = proven.text([source], record)
    told = "twice, last on 2026-11-22, 55% of the cores busy at most; thin: green 1"
    assert f"| checkout-03 | {told} | not yet |" in page
    assert "shrunk" not in page
