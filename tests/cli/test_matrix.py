"""`labctl matrix`: what is missing is measured, kept in the file, and told with an exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Labctl
from tests.engine import world
from tests.engine.world import WorldLab
from tests.proving import crossings

from labctl.proving import sources


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Two siblings and a lab in their world; returns what each fleet was asked for."""
    (tmp_path / "world").mkdir()
    lab: WorldLab = world.build(tmp_path / "world", monkeypatch)
    lab.world.hurt = crossings.feel
    pair = crossings.siblings(tmp_path)
    alone = crossings.written(
        tmp_path,
        *(("id: pool-shrunk", "id: alone"), ("code: checkout-03", "code: restarts-01")),
        ("family: checkout-slow", "family: restarts"),
        name="alone",
    )
    monkeypatch.setattr(sources, "every", lambda: [*pair, alone])
    asked: list[dict[str, Any]] = []

    @contextmanager
    def fleet(jobs: int | None, **options: Any) -> Iterator[list[WorldLab]]:
        asked.append({"jobs": jobs, **options})
        yield [lab]

    monkeypatch.setattr("labctl.cli.matrix.fleet", fleet)
    return asked


def test_it_measures_what_is_missing_and_tells_it(
    asked: list[dict[str, Any]], labctl: Labctl, tmp_path: Path
) -> None:
    """Verdicts on stdout, a family of one says so; the second time nothing is started."""
    out = tmp_path / "fixes.json"
    code, told, said = labctl("matrix", "--out", str(out), "--jobs", "2", "--runtime", "local")
    assert code == 0, said
    assert "5 of 5 cells are to be measured" in said
    assert [(each["jobs"], each["parts"], each["runtime"]) for each in asked] == [(2, 5, "local")]
    assert ["home-shed", "mitigated", "pool-shrunk:", "run", "four"] in map(str.split, told.splitlines())
    assert "checkout-slow: each refuses a sibling's fix" in told
    assert "restarts: no matrix, there is alone and no sibling to try a fix in" in told
    assert len(json.loads(out.read_text())["cells"]) == 5
    again = labctl("matrix", "--out", str(out), "--runtime", "local")
    assert again[:2] == (0, told)
    assert "0 of 5 cells are to be measured" in again[2]
    assert len(asked) == 1


def test_a_family_in_which_every_fix_mends_everything_fails(
    asked: list[dict[str, Any]], labctl: Labctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1, and who refuses nothing is named."""
    four = (crossings.ROLL_BACK, crossings.FOUR)
    first = crossings.written(tmp_path, four, name="pool-shrunk")
    second = crossings.written(tmp_path, *crossings.SECOND[:3], four, name="home-shed")
    monkeypatch.setattr(sources, "every", lambda: [first, second])
    code, told, _ = labctl("matrix", "checkout-slow", "--out", str(tmp_path / "f.json"), "--runtime", "local")
    assert code == 1
    assert "every fix of a sibling mends pool-shrunk, home-shed: who guesses is right" in told


def test_what_could_not_be_judged_is_exit_3(
    asked: list[dict[str, Any]], labctl: Labctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how many cells are left."""
    monkeypatch.setattr(WorldLab, "load", property(lambda self: _late(self.world)))
    code, told, _ = labctl("matrix", "--out", str(tmp_path / "f.json"), "--runtime", "local")
    assert code == 3
    assert "checkout-slow: could not judge all (5 of 5 cells left)" in told


def _late(found: world.World) -> world.World:
    found.late_p99_ms = 80.0
    return found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("checkout-slwo",), "there is no family 'checkout-slwo'; did you mean 'checkout-slow'?"),
        (("weather",), "there are checkout-slow, restarts"),
        (("--jobs", "many"), "'many' is no number of labs"),
    ],
)
def test_what_makes_no_sense_is_said_before_a_lab_starts(
    asked: list[dict[str, Any]], labctl: Labctl, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """Exit 2, and what there is."""
    code, _, told = labctl("matrix", *words, "--out", str(tmp_path / "f.json"), "--runtime", "local")
    assert code == 2
    assert said in told
    assert asked == []


def test_a_folder_that_is_not_there_is_named(
    asked: list[dict[str, Any]], labctl: Labctl, tmp_path: Path
) -> None:
    """Before hours of measurements that could not be kept."""
    code, _, told = labctl("matrix", "--out", str(tmp_path / "gone" / "f.json"), "--runtime", "local")
    assert code == 2
    assert "mkdir -p" in told
    assert asked == []
