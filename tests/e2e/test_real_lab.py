"""A lab of real processes: changed, reset, killed amid a change, recovered, without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from labctl import recover as recovery
from labctl.actions import steps
from labctl.actions.change import Role, outstanding
from labctl.actions.perform import perform
from labctl.clock import SystemClock, await_until
from labctl.errors import ActionRefused
from labctl.lab import lock
from labctl.lab.home import names
from labctl.lab.lab import Lab, create, open_lab
from labctl.lab.reset import reset
from labctl.runtimes.local import orphans
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

_DEPLOY = """
from labctl.actions import steps
from labctl.actions.perform import Role, perform
from labctl.lab.lab import open_lab

step = steps.parse({"deploy": {"component": "checkout", "release": "2.4.0"}})
perform(open_lab("one"), step, role=Role.FAULT, by="drill")
"""
_UP = 'from labctl.lab.lab import create; create("one", "local").up()'
_CLOCK = SystemClock()


@pytest.fixture
def lab(terminal: Terminal) -> Lab:
    made = create("one", "local")
    made.up()
    return made


def do(lab: Lab, role: Role = Role.LEARNER, **step: dict[str, object]) -> None:
    perform(lab, steps.parse(step), role=role, by="you")


def processes(lab: Lab) -> list[str]:
    return [psutil.Process(each.pid).name() for each in orphans.find(lab.id, lab.folder / "data")]


def python(code: str) -> subprocess.Popen[bytes]:
    """A labctl of its own, for a test to kill."""
    return subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))


def test_every_change_takes_and_a_reset_leaves_none(lab: Lab) -> None:
    """Release, setting, flag, limit, replicas, restart, data: then all is as it ships, and answers."""
    do(lab, Role.FAULT, deploy={"component": "checkout", "release": "2.4.0"})
    do(lab, set={"component": "checkout", "DB_POOL_MAX": 4})
    do(lab, flag={"name": "new-banner", "value": "on"})
    do(lab, limit={"component": "catalog", "memory": "300m"})
    do(lab, scale={"component": "edge", "replicas": 2})
    do(lab, restart={"component": "postgres"})
    do(lab, sql={"do": "delete from related", "verify": "select count(*) = 0 from related"})
    do(lab, rollback={"component": "checkout"})
    with pytest.raises(ActionRefused, match="not ours to change"):
        do(lab, restart={"component": "bank"})

    done = reset(lab)
    assert done.last >= done.first > 0
    assert outstanding(lab.journal.read()) == []
    with lab.sql() as shop:
        assert shop.execute("select count(*) > 0 from related").fetchall() == [(True,)]
    after = await_until(
        lambda: [
            second for second in lab.load.seconds(after=done.last + 2) if second.number <= done.last + 8
        ],
        what="seconds after the reset",
        within_s=30,
        clock=_CLOCK,
        every_s=0.2,
    )
    assert sum(tally.bad for second in after for tally in second.journeys.values()) == 0


def test_a_change_that_was_killed_is_found_and_taken_back(lab: Lab) -> None:
    """Its undo was journaled first; --keep heals, and without it nothing is left."""
    deploying = python(_DEPLOY)
    await_until(
        lambda: outstanding(lab.journal.read()), what="the change", within_s=30, clock=_CLOCK, every_s=0.01
    )
    deploying.send_signal(signal.SIGKILL)
    deploying.wait()

    found = recovery.recover("one", keep=True)
    assert found.faults == ["deploy checkout 2.4.0 (was 2.3.0)"]
    assert (found.clean, lab.wanted()["checkout"].release) == (True, "2.3.0")
    assert {each.release for each in lab.runtime.observe() if each.component == "checkout"} == {"2.3.0"}

    found = recovery.recover("one")
    assert (found.clean, found.problems, processes(lab), names()) == (True, [], [], [])


@pytest.mark.long
def test_an_up_that_was_killed_leaves_nothing_after_recover(terminal: Terminal) -> None:
    """Killed as soon as its first process runs."""
    starting = python(_UP)
    file = terminal.home / "labs" / "one" / "lab.json"
    await_until(file.is_file, what="lab.json", within_s=30, clock=_CLOCK, every_s=0.01)
    lab = open_lab_when_whole()
    await_until(lambda: processes(lab), what="a process", within_s=30, clock=_CLOCK, every_s=0.05)
    starting.send_signal(signal.SIGKILL)
    starting.wait()
    found = recovery.recover("one")
    assert (found.clean, processes(lab), names()) == (True, [], [])


def open_lab_when_whole() -> Lab:
    """The lab, once its secrets are there as well."""
    folder = Path(os.environ["LABCTL_HOME"]) / "labs" / "one"
    await_until((folder / "secrets.json").is_file, what="secrets", within_s=10, clock=_CLOCK, every_s=0.01)
    return open_lab("one")


@pytest.mark.long
def test_processes_of_a_lab_whose_folder_was_deleted_are_found(lab: Lab) -> None:
    """And another lab beside it goes on."""
    other = create("two", "local")
    other.up()
    shutil.rmtree(lab.folder, ignore_errors=True)
    shutil.rmtree(lab.folder, ignore_errors=True)  # what was written meanwhile
    before = {each.identity for each in other.runtime.observe()}
    with lock.drive(other):
        found = {each.lab: each for each in recovery.recover_all()}
    assert "two is being driven" in found["two"].left[0]
    assert found["without a folder"].ended
    assert found["without a folder"].clean
    assert processes(lab) == []
    assert {each.identity for each in other.runtime.observe()} == before
