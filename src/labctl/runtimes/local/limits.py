"""Memory and CPU limits of one running process: by cgroup where there is one, by sampling elsewhere.

Sampling at 20 Hz catches a 128 MiB limit at about 136 MiB. Never RLIMIT_AS: a MemoryError is no kill.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import psutil

from labctl.runtimes.local.cgroup import Group
from labctl.runtimes.local.identity import Identity
from labctl.stack.wanted import Limits

MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")
_FAMILY_EVERY_S = 1.0
_OOM_EVERY_S = 0.25


class Limiter:
    """Keeps one process within its limits; `groups` are empty cgroups of its own, or none."""

    def __init__(self, groups: Sequence[Path], limits: Limits, *, weight: float = 1.0) -> None:
        for path in groups:
            path.mkdir(exist_ok=True)
        self._groups = [Group(path) for path in groups]
        for group in self._groups:
            group.weigh(weight)
        self._controllers: set[str] = set().union(*(group.controllers for group in self._groups))
        self._seen_ooms = sum(group.oom_kills() for group in self._groups)
        self._next_look = 0.0
        self._tree: _Tree | None = None
        self._duty: Duty | None = None
        self._over = False
        self.limits = limits
        self.set(limits)

    @property
    def doors(self) -> list[Path]:
        """The groups that the process must enter before its program runs."""
        return [group.path for group in self._groups]

    def begin(self, process: Identity) -> None:
        """It has been started."""
        self._tree = _Tree(process)

    def set(self, limits: Limits) -> None:
        """Change the limits, in place; lowering memory below what is in use kills, as version 2 does."""
        self.limits = limits
        self._over = False
        for group in self._groups:
            for controller, amount in (("memory", limits.memory_mb), ("cpu", limits.cpus)):
                try:
                    group.limit(controller, amount)
                except OSError:
                    self._over = controller == "memory"
        self._duty = Duty(limits.cpus) if limits.cpus and "cpu" not in self._controllers else None

    def tick(self, now: float, *, frozen: Callable[[], bool]) -> int:
        """Enforce what the kernel does not; returns how many OOM kills there were since the last tick.

        `frozen`: whether somebody else has stopped the process, so that its CPU duty cycle must not wake it.
        """
        if self._tree is None:
            return 0
        if self._duty and not frozen():
            self._duty.tick(now, self._tree.cpu_s(now), self._tree.process.send_tree)
        if "memory" in self._controllers and not self._over:
            if now < self._next_look:
                return 0
            self._next_look = now + _OOM_EVERY_S
            return self.new_ooms()
        limit = self.limits.memory_mb
        if limit is not None and (self._over or self._tree.memory(now) > limit * MIB):
            self._over = False
            self._tree.process.send_tree(signal.SIGKILL)
            return 1
        return 0

    def new_ooms(self) -> int:
        """OOM kills that the kernel has counted since this was last asked."""
        ooms = sum(group.oom_kills() for group in self._groups)
        new, self._seen_ooms = ooms - self._seen_ooms, ooms
        return new

    def close(self) -> None:
        for group in self._groups:
            group.remove()


class _Tree:
    """A process and, looked up once a second because that is dear, its descendants."""

    def __init__(self, process: Identity) -> None:
        self.process = process
        self._family = [process]
        self._fresh_until = 0.0

    def family(self, now: float) -> list[Identity]:
        if now >= self._fresh_until:
            self._family, self._fresh_until = self.process.tree(), now + _FAMILY_EVERY_S
        return self._family

    def memory(self, now: float) -> int:
        """Bytes in memory."""
        return memory(self.family(now))

    def cpu_s(self, now: float) -> float:
        total = 0.0
        for each in self.family(now):
            with contextlib.suppress(psutil.Error):
                times = psutil.Process(each.pid).cpu_times()
                total += times.user + times.system
        return total


def memory(family: Iterable[Identity]) -> int:
    """Bytes that these processes have in memory; what each may share with the others is counted once."""
    own, shared = 0, 0
    for each in family:
        resident, common = _resident(each.pid)
        own += resident - common
        shared = max(shared, common)
    return own + shared


def _resident(pid: int) -> tuple[int, int]:
    """Bytes of a process in memory, and how many of them may be shared."""
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
        return int(fields[1]) * _PAGE, int(fields[2]) * _PAGE
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss), 0
    return 0, 0


class Duty:
    """A CPU limit by stopping and continuing: what it used above its share it then has to wait for."""

    def __init__(self, cpus: float) -> None:
        self._cpus = cpus
        self._credit_s = 0.0
        self._last: tuple[float, float] | None = None
        self._stopped = False

    def tick(self, now: float, used: float, tell: Callable[[int], None]) -> None:
        """`used` CPU seconds until `now`; `tell` is given SIGSTOP or SIGCONT when one is due."""
        before, used_before = self._last or (now, used)
        self._last = (now, used)
        self._credit_s += self._cpus * (now - before) - max(0.0, used - used_before)
        self._credit_s = min(self._credit_s, self._cpus * 0.1)
        if self._stopped != (self._credit_s < 0):
            self._stopped = not self._stopped
            tell(signal.SIGSTOP if self._stopped else signal.SIGCONT)
