"""Locks: one driver, one change at a time, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from labctl.clock import Clock, FakeClock
from labctl.errors import LabBusy
from labctl.lab import lock

_HOLDER = """
import subprocess, sys, types
from pathlib import Path
from labctl.clock import SystemClock
from labctl.lab import lock

with lock.drive(types.SimpleNamespace(name="lab", folder=Path(sys.argv[1]), clock=SystemClock())):
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Here:
    folder: Path
    name: str = "lab"
    clock: Clock = field(default_factory=FakeClock)


@contextmanager
def holder(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that drives the lab and has started a child that outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process, child
    finally:
        os.kill(child, signal.SIGKILL)
        process.kill()
        process.communicate()


def test_a_second_driver_learns_who_the_first_is(tmp_path: Path) -> None:
    """LabBusy names the holder's process and command, and what to do."""
    with holder(tmp_path) as (process, _), pytest.raises(LabBusy) as busy, lock.drive(Here(tmp_path)):
        pass
    assert f"lab lab is being driven by process {process.pid} (-c {tmp_path})" in busy.value.message
    assert busy.value.hint == f"wait until it ends, or end it: kill {process.pid}"


def test_a_dead_drivers_lock_is_free_though_its_child_lives(tmp_path: Path) -> None:
    """kill -9 frees the lock at once; a supervisor that it started does not keep it."""
    with holder(tmp_path) as (process, child):
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(child, 0)
        with lock.drive(Here(tmp_path)):
            pass


def test_a_change_waits_for_the_one_before_it(tmp_path: Path) -> None:
    """The apply lock is taken as soon as it is free; drive and apply do not exclude each other."""
    clock = FakeClock()
    here = Here(tmp_path, clock=clock)
    first = ExitStack()
    first.enter_context(lock.apply(here))
    clock.on_tick = lambda _: first.close()
    with lock.drive(here), lock.apply(here):
        assert clock.now() > 0


def test_a_change_does_not_wait_for_ever(tmp_path: Path) -> None:
    """After the wait LabBusy says how long it was."""
    here = Here(tmp_path)
    with lock.apply(here), pytest.raises(LabBusy, match="waited 5 s"), lock.apply(here, wait_s=5):
        pass
