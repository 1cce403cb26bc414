"""Who may drive a lab and who may change it: two locks that the kernel frees when their owner dies.

`drive` is held for as long as a drill is driven; `apply` for the seconds that one change takes.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from labctl.clock import Clock, Timeout, await_until, duration
from labctl.errors import LabBusy

APPLY_WAIT_S = 60.0
"""A change waits for the one before it; a deploy of a slow starter takes this long at worst."""


class Locked(Protocol):
    """What a lock needs of a lab."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def clock(self) -> Clock: ...


@contextmanager
def drive(lab: Locked) -> Iterator[None]:
    """Be the one process that drives the lab's drill; LabBusy at once when another one does."""
    with _held(lab, "drive.lock", "driven", wait_s=0.0):
        yield


@contextmanager
def apply(lab: Locked, *, wait_s: float = APPLY_WAIT_S) -> Iterator[None]:
    """Be the one process that changes the lab; LabBusy when another one still does after `wait_s`."""
    with _held(lab, "apply.lock", "changed", wait_s=wait_s):
        yield


@contextmanager
def _held(lab: Locked, file: str, doing: str, wait_s: float) -> Iterator[None]:
    # Python opens files close-on-exec, so no child that outlives us keeps the lock.
    descriptor = os.open(lab.folder / file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lab, descriptor, doing, wait_s)
        try:
            owner = {"pid": os.getpid(), "command": _command(), "since": lab.clock.wall()}
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(owner).encode(), 0)
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(lab: Locked, descriptor: int, doing: str, wait_s: float) -> None:
    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        await_until(taken, what=f"the lock of {lab.name}", within_s=wait_s, clock=lab.clock)
    except Timeout:
        raise _busy(lab, descriptor, doing, wait_s) from None


def _busy(lab: Locked, descriptor: int, doing: str, wait_s: float) -> LabBusy:
    waited = f"; waited {duration(wait_s)}" if wait_s else ""
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:  # it has taken the lock and not yet written its name
        return LabBusy(
            f"lab {lab.name} is being {doing} by another process{waited}", hint="try again in a moment"
        )
    since = duration(max(0.0, lab.clock.wall() - owner["since"]))
    return LabBusy(
        f"lab {lab.name} is being {doing} by process {owner['pid']} ({owner['command']}), "
        f"for {since}{waited}",
        hint=f"wait until it ends, or end it: kill {owner['pid']}",
    )


def _command() -> str:
    """This process's command line, as a person would recognise it."""
    return " ".join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])[:200]
