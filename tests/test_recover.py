"""Recover: nothing of ours is left, and nothing of anybody else's is touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labctl import recover as recovery
from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.actions.scale import Scale
from labctl.errors import LabBusy, LabError, NoSuchLab
from labctl.lab import lock
from labctl.lab.home import names
from labctl.lab.lab import Lab, create
from labctl.stack.compose import baseline


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCTL_HOME", str(tmp_path))


@contextmanager
def process(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that bears an environment."""
    started = subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def up() -> Lab:
    lab = create("one", "fake")
    lab.apply(baseline(lab.stack))
    return lab


def test_a_lab_is_removed_with_its_faults() -> None:
    """They are named; the folder is gone."""
    lab = up()
    perform(
        lab, steps.parse({"scale": {"component": "checkout", "replicas": 0}}), role=Role.FAULT, by="drill"
    )
    found = recovery.recover("one")
    assert found.faults == ["scale checkout to 0 (was 1)"]
    assert (found.clean, found.problems, names()) == (True, [], [])


def test_processes_that_the_runtime_lost_are_ended_and_no_others() -> None:
    """By the label in their environment; another lab's and unlabelled ones live on."""
    lab = up()
    with process(INCIDENT_LAB=lab.id) as ours, process(INCIDENT_LAB="other") as theirs, process() as nobodys:
        found = recovery.recover("one")
        ours.wait(5)
        assert found.ended == [f"process {ours.pid} (sleep 60)"]
        assert (theirs.poll(), nobodys.poll()) == (None, None)


def test_processes_whose_folder_is_gone_are_found(tmp_path: Path) -> None:
    """If they were of this home; another home's are not ours."""
    settings = {"SETTINGS_DIR": f"{tmp_path}/labs/gone/settings"}
    elsewhere = {"SETTINGS_DIR": "/elsewhere/labs/gone/settings"}
    with (
        process(INCIDENT_LAB="0rphan", **settings) as ours,
        process(INCIDENT_LAB="0ther", **elsewhere) as theirs,
    ):
        (found,) = recovery.recover_all()
        ours.wait(5)
        assert found.ended == [f"process {ours.pid} (sleep 60)"]
        assert theirs.poll() is None
    assert recovery.recover_all() == []


def test_a_lab_that_is_driven_is_left_alone_unless_forced() -> None:
    """LabBusy names the driver."""
    lab = up()
    with lock.drive(lab):
        with pytest.raises(LabBusy, match="is being driven by process"):
            recovery.recover("one")
        assert names() == ["one"]
        assert recovery.recover("one", force=True).clean
    assert names() == []


@pytest.mark.parametrize("missing", ["secrets.json", "journal.db"])
def test_a_lab_whose_making_was_cut_short_is_removed(missing: str) -> None:
    """Whatever it got to."""
    (create("one", "fake").folder / missing).unlink()
    assert recovery.recover("one").clean
    assert names() == []


def test_a_lab_with_broken_files_is_removed_and_they_are_named() -> None:
    """Nothing of it can be read, but its folder is ours."""
    lab = create("one", "fake")
    (lab.folder / "lab.json").write_text("{")
    found = recovery.recover("one")
    assert "lab.json cannot be read" in found.problems[0]
    assert not lab.folder.exists()


def test_a_folder_without_a_lab_goes_with_all(tmp_path: Path) -> None:
    """What a crash in the first moment left."""
    (tmp_path / "labs" / "half").mkdir(parents=True)
    (found,) = recovery.recover_all()
    assert found.ended == [f"folder {tmp_path}/labs/half"]
    assert not (tmp_path / "labs" / "half").exists()


def test_there_is_nothing_to_recover_of_an_unknown_lab() -> None:
    """It says where strays are found."""
    with pytest.raises(NoSuchLab) as missing:
        recovery.recover("one")
    assert missing.value.hint == "labctl recover --all"


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_reset_cannot_take_back_is_undone(monkeypatch: pytest.MonkeyPatch, keep: bool) -> None:
    """What was done to the stack goes with it; an action that reaches further is undone on its own."""
    lab = up()
    monkeypatch.setattr(recovery, "attach", lambda *_: lab)
    undone: list[str] = []
    monkeypatch.setattr(recovery, "undo", lambda _, change: undone.append(change.summary))
    monkeypatch.setattr(recovery, "reset", lambda _: undone.append("reset"))
    monkeypatch.setattr(Scale, "outlives", True)
    for step in (
        {"set": {"component": "checkout", "DB_POOL_MAX": 2}},
        {"scale": {"component": "edge", "replicas": 3}},
    ):
        perform(lab, steps.parse(step), role=Role.FAULT, by="drill")
    found = recovery.recover("one", keep=keep)
    assert found.faults == ["scale edge to 3 (was 1)", "set checkout DB_POOL_MAX=2 (was default)"]
    assert undone == ["scale edge to 3 (was 1)", *(["reset"] if keep else [])]
    assert (found.problems, found.kept, names()) == ([], keep, ["one"] if keep else [])


def test_a_busy_lab_does_not_keep_the_others(tmp_path: Path) -> None:
    """It is left alone, with its processes, and the report says who has it."""
    lab, _ = up(), create("two", "fake")
    settings = {"SETTINGS_DIR": f"{tmp_path}/labs/one/settings"}
    with lock.drive(lab), process(INCIDENT_LAB=lab.id, **settings) as theirs:
        one, two = recovery.recover_all()
        assert theirs.poll() is None
    assert "lab one is being driven" in one.left[0]
    assert two.clean
    assert names() == ["one"]


def up_before_sealing() -> Lab:
    """A lab that an older labctl left: its journal's payloads are text."""
    lab = up()
    lab.journal.close()
    for path in lab.folder.glob("journal.db*"):
        path.unlink()
    with sqlite3.connect(lab.folder / "journal.db") as database:
        database.execute("create table event (seq integer primary key, wall_s real, kind text, payload text)")
        database.execute("insert into event values (1, 5.0, 'change.begun', '{}')")
    database.close()
    return lab


def test_a_lab_whose_journal_is_of_another_version_is_removed() -> None:
    """What was in force nobody can say; that is named, and everything goes all the same."""
    up_before_sealing()
    found = recovery.recover("one")
    assert "is of another version of labctl" in found.problems[0]
    assert (found.clean, names()) == (True, [])


def test_a_lab_whose_journal_is_of_another_version_cannot_be_kept() -> None:
    """It says why, and what does help; the lab is as it was."""
    up_before_sealing()
    with pytest.raises(LabError, match="is of another version of labctl") as caught:
        recovery.recover("one", keep=True)
    assert caught.value.hint == "labctl recover --lab one removes the lab with it"
    assert names() == ["one"]
