"""Processes of a lab that nobody supervises any more: found by `INCIDENT_LAB` in their environment.

Only processes that carry exactly this lab's id are touched, never this process or one that led to it.
Postgres writes over the environment of its backends; those are known by running as `postgres` in the
lab's own data folder.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from labctl.runtimes.local.identity import Identity

LABEL = "INCIDENT_LAB"


def find(lab: str, data: Path) -> list[Identity]:
    """Every living process of the lab but this one and its ancestors."""
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid not in spared and _is_of(process, lab, data):
            identity = Identity.of(process.pid)
            if identity:
                found.append(identity)
    return found


def _is_of(process: psutil.Process, lab: str, data: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if process.environ().get(LABEL) == lab:
            return True
    with contextlib.suppress(psutil.Error, OSError):
        return process.name() == "postgres" and Path(process.cwd()).is_relative_to(data.resolve())
    return False


def end(
    lab: str, data: Path, *, within_s: float = 5.0, sleep: Callable[[float], None] = time.sleep
) -> list[Identity]:
    """Kill what `find` finds until nothing is left; returns what would not go in time."""
    deadline = time.monotonic() + within_s
    while left := find(lab, data):
        if time.monotonic() > deadline:
            return left
        for each in left:
            with contextlib.suppress(PermissionError):
                each.send(signal.SIGKILL)
        sleep(0.02)
    return []
