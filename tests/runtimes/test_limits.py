"""Limits without cgroups: the arithmetic of the duty cycle, and memory as it is counted."""

from __future__ import annotations

import os
import signal

import pytest

from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.limits import MIB, Duty, memory


class Busy:
    """A process that uses a whole core while it is not stopped."""

    def __init__(self) -> None:
        self.used_s = 0.0
        self.stopped = False

    def run(self, seconds: float) -> None:
        self.used_s += 0 if self.stopped else seconds

    def signal(self, signum: int) -> None:
        self.stopped = signum == signal.SIGSTOP


@pytest.mark.parametrize("cpus", [0.2, 0.5, 0.9])
def test_a_busy_process_gets_its_share(cpus: float) -> None:
    """Over ten seconds a process uses what it is allowed, within a tenth."""
    busy = Busy()
    duty = Duty(cpus)
    for tick in range(200):
        duty.tick(tick * 0.05, busy.used_s, busy.signal)
        busy.run(0.05)
    assert busy.used_s == pytest.approx(10 * cpus, rel=0.1)


def test_an_idle_process_is_never_stopped() -> None:
    """Less than its share is nobody's business."""
    duty, told = Duty(0.5), list[int]()
    for tick in range(100):
        duty.tick(tick * 0.05, tick * 0.05 * 0.4, told.append)
    assert told == []


def test_memory_of_this_process_is_plausible() -> None:
    """What is counted is what the process has, in bytes, and none for one that is gone."""
    me = Identity.of(os.getpid())
    assert me
    assert 10 * MIB < memory([me]) < 2000 * MIB
    assert memory([Identity(2**22 + 1, "0")]) == 0
