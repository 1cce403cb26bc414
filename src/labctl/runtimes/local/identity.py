"""Which process is meant: a pid alone may belong to somebody else by now."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Identity:
    """A process by pid and start time; `start` is in kernel ticks on Linux, which no clock step moves."""

    pid: int
    start: str

    def __str__(self) -> str:
        return f"{self.pid}:{self.start}"

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The process that has this pid now; None when there is none or only its corpse."""
        if not sys.platform.startswith("linux"):
            with contextlib.suppress(psutil.Error):
                return cls(pid, repr(psutil.Process(pid).create_time()))
            return None
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
            return cls(pid, fields[19].decode()) if fields[0] not in {b"Z", b"X"} else None
        return None

    @classmethod
    def parse(cls, text: str) -> Identity:
        pid, _, start = text.partition(":")
        return cls(int(pid), start)

    def lives(self) -> bool:
        return Identity.of(self.pid) == self

    def send(self, signum: int) -> bool:
        """Signal this very process; False when it is gone, whoever has its pid now."""
        with contextlib.suppress(ProcessLookupError), _door(self.pid) as send:
            if self.lives():
                send(signum)
                return True
        return False

    def tree(self) -> list[Identity]:
        """This process and its descendants, parents first; empty when it is gone."""
        if not self.lives():
            return []
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self.pid).children(recursive=True)
            found = [Identity.of(child.pid) for child in children]
            return [self, *(each for each in found if each)]
        return [self]

    def send_tree(self, signum: int) -> None:
        """Signal the whole tree; for STOP and KILL again, until nobody new has been forked meanwhile."""
        told: set[Identity] = set()
        once = signum not in {signal.SIGSTOP, signal.SIGKILL}
        while new := [each for each in self.tree() if each not in told]:
            for each in new:
                each.send(signum)
            told.update(new)
            if once:
                return


@contextlib.contextmanager
def _door(pid: int) -> Iterator[Callable[[int], None]]:
    """A way to signal `pid` that stays with the process it is now (a pidfd where there are some)."""
    if not hasattr(os, "pidfd_open"):
        yield lambda signum: os.kill(pid, signum)
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield lambda signum: signal.pidfd_send_signal(descriptor, signum)
    finally:
        os.close(descriptor)
