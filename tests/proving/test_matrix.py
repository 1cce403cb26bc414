"""The matrix: each fix in each sibling, measured once, kept at once, and what a family has to show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from labctl.clock import Timeout
from labctl.engine import phases
from labctl.errors import UsageError
from labctl.lab.lab import Lab
from labctl.proof import Check
from labctl.proving.crossing import Met
from labctl.proving.listener import Nobody
from labctl.proving.matrix import Cell, Matrix, Measured, matrices, plan
from labctl.proving.plan import Part
from labctl.proving.results import Notes, Results
from labctl.proving.run import Run
from labctl.proving.sources import Source
from labctl.scenario.loader import load
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import WorldLab
from tests.proving import crossings

WHOLE = {
    ("pool-shrunk", "serve everybody"): Met.REFUSED,
    ("pool-shrunk", "run two edges"): Met.NOT_RESTORED,
    ("pool-shrunk", "run three edges"): Met.MASKED,
    ("home-shed", "roll back"): Met.REFUSED,
    ("home-shed", "run four"): Met.MITIGATED,
}


class Heard(Nobody):
    """What was begun; stops the run when so many parts have ended."""

    def __init__(self, *, until: int = 99) -> None:
        self.begun: list[tuple[str, str]] = []
        self.checks: list[Check] = []
        self.run: Run | None = None
        self._left = until

    def begins(self, part: Part, lab: str) -> None:
        self.begun.append((part.scenario.id, part.name))

    def checked(self, part: Part, check: Check) -> None:
        self.checks.append(check)

    def ended(self, part: Part) -> None:
        self._left -= 1
        if self.run and not self._left:
            self.run.stop()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    made = world.build(tmp_path, monkeypatch)
    made.world.hurt = crossings.feel
    return made


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    (tmp_path / "scenarios").mkdir()
    return crossings.siblings(tmp_path / "scenarios")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fixes.json"


def measure(lab: Lab, sources: Sequence[Source], path: Path, heard: Heard | None = None) -> Matrix:
    """Measure what is missing in the file, as the command does, and the matrix that comes of it."""
    heard, results = heard or Heard(), Results.read(path)
    wanted = matrices(sources, results)
    for each in wanted:
        results.forget(each)
    notes = Notes(results, wanted, runtime=lab.kind, clock=lab.clock, then=heard)
    heard.run = Run(plan(wanted), clock=lab.clock, listener=notes)
    heard.run.work(lab)
    (matrix,) = matrices(sources, Results.read(path))
    return matrix


def verdicts(matrix: Matrix) -> dict[tuple[str, str], Met]:
    return {(cell.broken, cell.fix): each.met for cell, each in matrix.known.items()}


def test_every_verdict_is_named(lab: WorldLab, sources: list[Source], path: Path) -> None:
    """Mitigated, masked by the challenge, not restored, refused; `survives` is said of its own incident."""
    matrix = measure(lab, sources, path)
    assert verdicts(matrix) == WHOLE
    assert (matrix.missing, matrix.yielding, matrix.exit_code) == ((), (), 0)
    said = matrix.known[Cell("checkout-slow", "pool-shrunk", "home-shed", "run two edges")]
    assert "after 'run two edges' of home-shed: held 0 s of 30 s" in said.said
    assert (said.runtime, said.made) == ("fake", "2023-11-14")


def test_what_is_measured_is_not_measured_again(lab: WorldLab, sources: list[Source], path: Path) -> None:
    """An interrupted run goes on where it was: each cell is in the file as soon as it is over."""
    first = Heard(until=2)
    partly = measure(lab, sources, path, first)
    assert len(partly.known) == 2
    assert partly.exit_code == 3
    second = Heard()
    matrix = measure(lab, sources, path, second)
    assert verdicts(matrix) == WHOLE
    assert sorted(first.begun + second.begun) == sorted(set(first.begun + second.begun))
    third = Heard()
    assert measure(lab, sources, path, third) == matrix
    assert third.begun == []


def test_an_attempt_that_is_cut_short_leaves_no_cell(
    lab: WorldLab, sources: list[Source], path: Path
) -> None:
    """It is measured in full the next time."""

    class Cut(Heard):
        def checked(self, part: Part, check: Check) -> None:
            if check.phase == "red" and self.run:
                self.run.stop()

    assert measure(lab, sources, path, Cut()).known == {}


def test_a_changed_file_is_measured_again(lab: WorldLab, sources: list[Source], path: Path) -> None:
    """Every cell in which it is broken; what is played no more is dropped."""
    measure(lab, sources, path)
    heard = Heard()
    matrix = measure(lab, [sources[0], changed(sources[1], "red: 20s", "red: 15s")], path, heard)
    assert {broken for broken, _ in heard.begun} == {"home-shed"}
    assert len(json.loads(path.read_text())["cells"]) == len(WHOLE)
    assert verdicts(matrix) == WHOLE


def changed(source: Source, old: str, new: str) -> Source:
    """The same file with a part of it replaced."""
    text = source.path.read_text(encoding="utf-8")
    assert old in text
    source.path.write_text(text.replace(old, new), encoding="utf-8")
    return Source(source.path, load(source.path))


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("run two edges", "run a pair", set()),
        ("about: The pool was cut.", "about: The pool was made smaller.", set()),
        ("replicas: 3", "replicas: 4", {("pool-shrunk", "home-shed")}),
        ("hold: 30s", "hold: 40s", {("home-shed", "pool-shrunk")}),
    ],
)
def test_a_cell_stands_while_what_is_played_for_it_is_the_same(
    sources: list[Source], old: str, new: str, again: set[tuple[str, str]]
) -> None:
    """Names and prose may be corrected; a step of the fix, or how the incident is judged, may not."""
    known = everything(sources, Met.NOT_RESTORED)
    (matrix,) = matrices([sources[0], changed(sources[1], old, new)], known)
    assert {(cell.broken, cell.of) for cell in matrix.missing} == again


def test_the_code_that_is_deployed_has_to_be_as_it_was(
    sources: list[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that breaks an incident is part of what is played; its sibling is broken by a flag."""
    known = everything(sources, Met.NOT_RESTORED)
    monkeypatch.setattr("labctl.proving.played.tree", lambda *_: {"config.py": b"DB_POOL_MAX = 3"})
    (matrix,) = matrices(sources, known)
    assert {cell.broken for cell in matrix.missing} == {"pool-shrunk"}


def test_the_same_steps_are_measured_once(
    lab: WorldLab, sources: list[Source], path: Path, tmp_path: Path
) -> None:
    """Two siblings may have the same fix: in a third it is one question, and both have the answer."""
    twin = crossings.written(
        tmp_path,
        *(("id: pool-shrunk", "id: twin"), ("code: checkout-03", "code: checkout-05")),
        ("- name: roll back", "- name: take the release back"),
        name="twin",
    )
    heard = Heard()
    matrix = measure(lab, [*sources, twin], path, heard)
    assert matrix.missing == ()
    of_both = ["pool-shrunk:roll back", "twin:take the release back"]
    tried = [name for broken, name in heard.begun if broken == "home-shed"]
    assert len([name for name in tried if name in of_both]) == 1
    cells = [Cell(matrix.family, "home-shed", *name.split(":")) for name in of_both]
    assert [matrix.met(cell) for cell in cells] == [Met.REFUSED, Met.REFUSED]


def test_a_changed_file_leaves_the_cells_of_others(sources: list[Source], tmp_path: Path) -> None:
    """Of three siblings one changes: what the other two did to each other stands, and its fixes in them."""
    third = crossings.written(
        tmp_path, ("id: pool-shrunk", "id: third"), ("code: checkout-03", "code: checkout-05"), name="third"
    )
    three = [*sources, third]
    known = everything(three, Met.NOT_RESTORED)
    (matrix,) = matrices([*sources, changed(third, "hold: 30s", "hold: 40s")], known)
    assert {cell.broken for cell in matrix.known} == {"pool-shrunk", "home-shed"}
    assert {cell.broken for cell in matrix.missing} == {"third"}


def everything(sources: Sequence[Source], *met: Met) -> list[Measured]:
    """Each cell answered with the next of these verdicts; the last one for all that follow."""
    (bare,) = matrices(sources, [])
    answers = [*met, *[met[-1]] * len(bare.cells)]
    return [
        Measured(cell, answer, "said", bare.inputs[cell], "fake", "2023-11-14")
        for cell, answer in zip(bare.cells, answers, strict=False)
    ]


M, N, C = Met.MITIGATED, Met.NOT_RESTORED, Met.COULD_NOT_JUDGE


@pytest.mark.parametrize(
    ("met", "yielding", "code"),
    [
        ([M], ("pool-shrunk", "home-shed"), 1),
        ([M, M, M, N], ("pool-shrunk",), 1),
        ([N, M], ("home-shed",), 1),
        ([M, M, N, M, Met.REFUSED], (), 0),
        ([M, Met.MASKED, M, N], (), 0),
        ([M, M, C, N], (), 3),
        ([M, M, M, C], ("pool-shrunk",), 1),
        ([N, C, N], (), 3),
    ],
)
def test_each_member_refuses_a_siblings_fix(
    sources: list[Source], met: list[Met], yielding: tuple[str, ...], code: int
) -> None:
    """Where all of them mend it, it is named: exit 1 beats 3. What could not be judged refuses nothing."""
    (matrix,) = matrices(sources, everything(sources, *met))
    assert (matrix.yielding, matrix.exit_code) == (yielding, code)


def test_a_family_of_one_has_no_matrix(sources: list[Source]) -> None:
    """There is nothing to measure, and nothing that failed."""
    (matrix,) = matrices(sources[:1], [])
    assert (matrix.cells, plan([matrix]), matrix.exit_code) == ((), (), 0)


def test_a_scenario_of_judgement_has_no_place(sources: list[Source], tmp_path: Path) -> None:
    """Nothing is broken in it, so that there is nothing to mend."""
    calm = (
        *(("id: pool-shrunk", "id: calm"), ("code: checkout-03", "code: checkout-05")),
        ("hold: 30s", "judgement: true\nhold: 30s"),
    )
    (matrix,) = matrices([*sources, crossings.written(tmp_path, *calm, name="calm")], [])
    assert {cell.broken for cell in matrix.cells} == {"pool-shrunk", "home-shed"}


def test_what_could_not_be_judged_is_measured_again(lab: WorldLab, sources: list[Source], path: Path) -> None:
    """A load that was late tells nothing; the next night may."""
    lab.world.late_p99_ms = 80.0
    matrix = measure(lab, sources, path)
    assert set(verdicts(matrix).values()) == {Met.COULD_NOT_JUDGE}
    assert matrix.exit_code == 3
    lab.world.late_p99_ms = 2.0
    assert verdicts(measure(lab, sources, path)) == WHOLE


def test_a_fault_that_does_not_reproduce_leaves_nothing_to_mend(
    lab: WorldLab, sources: list[Source], path: Path
) -> None:
    """One cell says so, the others of that incident are not tried; those of its sibling are."""

    def only_the_second(wanted: Wanted) -> Mapping[str, float]:
        return {} if wanted["checkout"].release == "2.4.0" else crossings.feel(wanted)

    lab.world.hurt = only_the_second
    matrix = measure(lab, sources, path)
    first = {cell.fix: each for cell, each in matrix.known.items() if cell.broken == "pool-shrunk"}
    (told,) = first.values()
    assert told.met is Met.COULD_NOT_JUDGE
    assert "the fault does not reproduce" in told.said
    assert len(matrix.known) == 1 + 2
    assert matrix.exit_code == 3


def test_users_between_hurt_and_well_refuse_nothing(lab: WorldLab, sources: list[Source], path: Path) -> None:
    """A thin result proves nothing, neither way."""

    def thin(wanted: Wanted) -> Mapping[str, float]:
        if wanted["checkout"].release == "2.4.0" and wanted["edge"].replicas == 2:
            return {"checkout": 0.1} if len(lab.world.seconds) % 3 == 0 else {}
        return crossings.feel(wanted)

    lab.world.hurt = thin
    matrix = measure(lab, sources, path)
    assert verdicts(matrix)["pool-shrunk", "run two edges"] is Met.COULD_NOT_JUDGE


def test_a_step_that_fails_leaves_the_word_to_users(
    lab: WorldLab, sources: list[Source], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replicas that never settle in a sibling are told, and the verdict is the judge's."""

    def never(*_: object, within_s: float) -> None:
        raise Timeout(f"every replica is ready: not within {within_s:g} s")

    monkeypatch.setattr(phases, "await_settled", never)
    text = (
        sources[0]
        .path.read_text()
        .replace("replicas: 4}]", "replicas: 4}, wait: {until: settled, within: 5s}]")
    )
    sources[0].path.write_text(text, encoding="utf-8")
    matrix = measure(lab, [Source(sources[0].path, load(sources[0].path)), sources[1]], path)
    told = matrix.known[Cell("checkout-slow", "home-shed", "pool-shrunk", "run four")]
    assert told.met is Met.MITIGATED
    assert "every replica is ready: not within 5 s; held 30 s of 30 s" in told.said


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1}', '{"version": 2, "cells": []}', '{"version": 1, "cells": [{}]}']
)
def test_a_file_that_holds_something_else_stays_as_it_is(path: Path, text: str) -> None:
    """It is named, with what to do."""
    path.write_text(text)
    with pytest.raises(UsageError, match=r"fixes\.json") as caught:
        Results.read(path)
    assert caught.value.hint
    assert path.read_text() == text


def test_families_that_are_not_asked_for_keep_their_cells(sources: list[Source], path: Path) -> None:
    """A run over one family rewrites the file with the others' results in it."""
    other = Measured(Cell("restarts", "a", "b", "fix"), Met.MASKED, "said", "x-y", "docker", "2023-11-14")
    results = Results.read(path)
    for each in (other, *everything(sources, Met.NOT_RESTORED)):
        results.put(each)
    (others,) = matrices([changed(each, "hold: 30s", "hold: 40s") for each in sources], [])
    results.forget(others)
    assert [each["family"] for each in json.loads(path.read_text())["cells"]] == ["restarts"]
    assert list(Results.read(path)) == [other]
