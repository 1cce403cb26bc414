"""Control groups, version 1 or 2: where the kernel itself will keep limits for us.

Groups are made below this process' own group, so that whatever limits *us* goes on limiting our
children: `<own>/incident-lab-<id>/<replica>`. In version 2 a group that holds processes can't pass
controllers down; there they are made beside it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PERIOD_US = 50_000
LAB_WEIGHT = 8.0
"""A group weighs as one process however many are in it: what a lab's own would weigh together."""
_WEIGHTS = (("cpu.shares", 1024), ("cpu.weight", 100))
_UNLIMITED_V1 = "-1"


@dataclass(frozen=True)
class Dialect:
    """The files of one controller in one version, and how they say a limit."""

    controller: str
    file: str
    unlimited: str
    oom_file: str | None = None

    def value(self, amount: float | None) -> str:
        """`amount` in MiB or in cores."""
        if amount is None:
            return self.unlimited
        if self.controller == "memory":
            return str(int(amount * 1024 * 1024))
        quota = max(1000, int(amount * PERIOD_US))
        return f"{quota} {PERIOD_US}" if self.file == "cpu.max" else str(quota)


DIALECTS = (
    Dialect("memory", "memory.max", "max", "memory.events"),
    Dialect("memory", "memory.limit_in_bytes", _UNLIMITED_V1, "memory.oom_control"),
    Dialect("cpu", "cpu.max", f"max {PERIOD_US}"),
    Dialect("cpu", "cpu.cfs_quota_us", _UNLIMITED_V1),
)


def weight(nice: int) -> float:
    """The weight of a group whose processes have this niceness, which counts only within a group."""
    return float(1.25**-nice)


class Group:
    """One directory of one hierarchy; a path that has none of the files limits nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._dialects = [dialect for dialect in DIALECTS if (path / dialect.file).is_file()]

    @property
    def controllers(self) -> set[str]:
        return {dialect.controller for dialect in self._dialects}

    def limit(self, controller: str, amount: float | None) -> None:
        """Set a limit in MiB or cores; OSError when the kernel refuses (version 1: less than is in use)."""
        for dialect in self._dialects:
            if dialect.controller == controller:
                period = self.path / "cpu.cfs_period_us"
                if dialect.file == "cpu.cfs_quota_us":
                    period.write_text(str(PERIOD_US))
                (self.path / dialect.file).write_text(dialect.value(amount))

    def weigh(self, weight: float) -> None:
        """Its share of a busy CPU among its siblings; 1 is what a process of normal priority has."""
        for file, normal in _WEIGHTS:
            if (self.path / file).is_file():
                (self.path / file).write_text(str(max(2, round(weight * normal))))

    def oom_kills(self) -> int:
        """How many processes in it the kernel has killed for their memory."""
        for dialect in self._dialects:
            if dialect.oom_file:
                found = re.search(r"(?m)^oom_kill (\d+)$", (self.path / dialect.oom_file).read_text())
                return int(found[1]) if found else 0
        return 0

    def remove(self) -> None:
        """Remove it and what is below; it stays while processes are in it."""
        with contextlib.suppress(OSError):
            for child in self.path.iterdir():
                if child.is_dir():
                    Group(child).remove()
            self.path.rmdir()


def usable(lab: str, *, mounts: str | None = None, own: str | None = None) -> list[Path]:
    """A group per hierarchy for one lab, made and tried out; none where this machine lets us make none.

    `mounts` and `own` are the contents of /proc/self/mounts and /proc/self/cgroup.
    """
    found: list[Path] = []
    try:
        mounts = mounts if mounts is not None else Path("/proc/self/mounts").read_text()
        own = own if own is not None else Path("/proc/self/cgroup").read_text()
    except OSError:
        return []
    limited: set[str] = set()
    for parent in own_groups(mounts, own):
        path = parent / f"incident-lab-{lab}"
        with contextlib.suppress(OSError):
            path.mkdir(exist_ok=True)
            can = _can_limit(path)
            if can - limited:
                Group(path).weigh(LAB_WEIGHT)
                found.append(path)
                limited |= can
            else:
                Group(path).remove()
    return found


def own_groups(mounts: str, own: str) -> Iterator[Path]:
    """This process' own group in each hierarchy that has one of the controllers we use."""
    groups = {}
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(",") if controllers else ["unified"], path))
    for line in mounts.splitlines():
        _, mount, kind, options, *_ = line.split()
        if kind == "cgroup2" and "unified" in groups:
            group = Path(mount + groups["unified"])
            yield from (group, group.parent) if group != Path(mount) else (group,)
        elif kind == "cgroup" and "rw" in options.split(","):
            for controller in ("memory", "cpu"):
                if controller in options.split(",") and controller in groups:
                    yield Path(mount + groups[controller])
                    break


def _can_limit(path: Path) -> set[str]:
    """The controllers whose limits a child of this group takes."""
    handed_down = path / "cgroup.subtree_control"
    trial = path / "trial"
    trial.mkdir(exist_ok=True)
    try:
        for controller in ("memory", "cpu"):
            with contextlib.suppress(OSError):
                if handed_down.is_file():
                    handed_down.write_text(f"+{controller}")
        group = Group(trial)
        for controller in group.controllers:
            group.limit(controller, 64 if controller == "memory" else 1.0)
        return group.controllers
    finally:
        Group(trial).remove()
