"""`labctl verify --record FILE --until N`: what is in the record is not proven again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Labctl
from tests.cli.test_incidents import own, proves, small

from labctl.proof import Grade

__all__ = ["own", "small"]  # fixtures

LOCAL = ("--runtime", "local", "--jobs", "1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "proven.json"


@pytest.mark.usefixtures("own")
def test_it_proves_what_the_record_lacks(labctl: Labctl, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in all: two the first time, then one after one that failed, then nothing, and no lab for it."""
    asked = proves(monkeypatch, *[Grade.PASSED] * 2, Grade.FAILED, *[Grade.PASSED] * 3)
    keeping = ("verify", "valve-closed", "--record", str(path), *LOCAL)
    assert labctl(*keeping, "--until", "2")[0] == 0
    assert labctl(*keeping, "--until", "3")[0] == 1
    code, _, said = labctl(*keeping, "--until", "3")
    assert code == 0
    assert "1 of 1 scenarios lack proofs on local: valve-closed 3" in said
    assert [len(each["tasks"]) for each in asked] == [2, 1, 3]
    code, out, said = labctl(*keeping, "--until", "3")
    assert (code, out, len(asked)) == (0, "", 3)
    assert "nothing lacks a proof on local" in said
    outcomes = [each["outcome"] for each in json.loads(path.read_text())["proofs"]]
    assert outcomes == [*["proven"] * 2, "not proven", *["proven"] * 3]


@pytest.mark.usefixtures("own")
def test_without_until_each_is_proven_as_often_as_is_said(
    labctl: Labctl, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all of it is kept."""
    proves(monkeypatch, *[Grade.PASSED] * 3)
    assert labctl("verify", "valve-closed", "--record", str(path), "--repeat", "3", *LOCAL)[0] == 0
    assert len(json.loads(path.read_text())["proofs"]) == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--until", "3"), "--until says what a record lacks: give --record with it, and no --repeat"),
        (("--record", "{path}", "--until", "3", "--repeat", "2"), "--until says what a record lacks"),
        (("--record", "{path}", "--quick"), "--record keeps whole proofs: neither --quick nor --only"),
        (("--record", "{path}", "--only", "fix:x"), "--record keeps whole proofs"),
        (("--record", "/nowhere/proven.json"), "there is no folder /nowhere"),
    ],
)
def test_what_does_not_go_together_is_refused(
    labctl: Labctl, path: Path, more: tuple[str, ...], said: str
) -> None:
    """Before anything is started."""
    code, _, told = labctl("verify", "valve-closed", *(each.format(path=path) for each in more), *LOCAL)
    assert code == 2
    assert said in told
    assert not path.exists()
