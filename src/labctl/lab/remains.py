"""What a lab left on this machine: processes and containers that bear its label, and nothing else."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from labctl.runtimes.docker import orphans as containers
from labctl.runtimes.local import orphans

_GRACE_S = 3.0


@dataclass(frozen=True)
class Ended:
    """What was left, as a person would recognise it: those that were ended, and those that would not."""

    ended: tuple[str, ...]
    left: tuple[str, ...]


def end(identity: str, folder: Path) -> Ended:
    """End every process and container of one lab, whoever started it; this one and its ancestors are spared.

    They are asked first and killed after 3 s: a killed Postgres leaves shared memory behind.
    """
    data = folder / "data"
    found = {each.pid: _described(each.pid) for each in orphans.find(identity, data)}
    _ask(found)
    left = {each.pid: _described(each.pid) for each in orphans.end(identity, data)} if found else {}
    removed, stuck = containers.end(identity)
    ended = [text for pid, text in found.items() if pid not in left]
    return Ended(ended=(*ended, *removed), left=(*left.values(), *stuck))


def strays(home: Path, known: Collection[str]) -> dict[str, Path]:
    """Labs that have processes or containers here and were in this home, but are not known: folder by id."""
    found = containers.strays(home, known)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it has ended, or is another user's
            environment = process.environ()
            identity = environment.get(orphans.LABEL)
            if identity and identity not in known:
                texts = " ".join([*environment.values(), *process.cmdline()])
                # Another home's labs are none of our business.
                if named := re.search(re.escape(f"{home}/labs/") + r"([a-z0-9-]+)", texts):
                    found[identity] = home / "labs" / named[1]
    return found


def _ask(pids: Iterable[int]) -> None:
    asked = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            process = psutil.Process(pid)
            process.terminate()
            process.resume()  # a frozen one hears nothing
            asked.append(process)
    psutil.wait_procs(asked, timeout=_GRACE_S)


def _described(pid: int) -> str:
    with contextlib.suppress(psutil.Error):
        command = " ".join(psutil.Process(pid).cmdline())
        return f"process {pid} ({command[:80]})"
    return f"process {pid}"
