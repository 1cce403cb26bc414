"""What a lab has on this machine while it lives, to be looked for once it should be gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from labctl.lab.home import home, names
from labctl.lab.lab import Lab
from labctl.runtimes.local import cgroup, orphans, ports


@dataclass(frozen=True)
class Traces:
    """One lab, by everything that could outlive it."""

    name: str
    id: str
    folder: Path
    base: int  # of its block of ports

    @classmethod
    def of(cls, lab: Lab) -> Traces:
        return cls(lab.name, lab.id, lab.folder, lab.runtime.address("front").port // ports.SIZE * ports.SIZE)

    def left(self, *, spared: int) -> list[str]:
        """All that is still there, as sentences; `spared` is a process that is none of the lab's."""
        return [
            *([f"folder {self.folder}"] if self.folder.exists() or self.name in names() else []),
            *(f"process {each}" for each in orphans.find(self.id, self.folder / "data")),
            *(f"process {pid} speaks of it" for pid in self._speaking() if pid != spared),
            *(f"process {pid} listens on its ports" for pid in self._listening()),
            *(f"process {pid} holds the lock of its ports" for pid in self._holding()),
            *(f"control group {path}" for path in self._groups()),
        ]

    def _speaking(self) -> Iterator[int]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):  # it has ended
                if str(self.folder) in " ".join([*process.cmdline(), *process.environ().values()]):
                    yield process.pid

    def _listening(self) -> Iterator[int | None]:
        """Listeners in its block; another lab may have claimed that at once."""
        block = range(self.base, self.base + ports.SIZE)
        for each in psutil.net_connections("tcp"):
            port = each.laddr[1] if each.laddr else 0
            if each.status == psutil.CONN_LISTEN and port in block and not _of_another(each.pid):
                yield each.pid

    def _holding(self) -> Iterator[int]:
        lock = str(ports.locks() / f"{self.base}.lock")
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                held = [Path(file).readlink() for file in Path(f"/proc/{process.pid}/fd").iterdir()]
                if Path(lock) in held and not _of_another(process.pid):
                    yield process.pid

    def _groups(self) -> Iterator[Path]:
        mounts, own = (Path(f"/proc/self/{name}").read_text() for name in ("mounts", "cgroup"))
        for group in cgroup.own_groups(mounts, own):
            yield from group.glob(f"incident-lab-{self.id}")


def _of_another(pid: int | None) -> bool:
    """Whether a process belongs to a lab of another home."""
    with contextlib.suppress(psutil.Error, OSError):
        environment = psutil.Process(pid).environ()
        return orphans.LABEL in environment and str(home()) not in " ".join(environment.values())
    return False
