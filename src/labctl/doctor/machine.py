"""The machine itself: memory, disk, cores, and a Docker engine where one answers."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

_MB = 1024 * 1024
_CGROUPS = (  # limit, use; version 2, then 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


@dataclass(frozen=True)
class Machine:
    """What there is to use now."""

    memory_mb: int  # free for new processes, within the limit of the container we may be in
    disk_mb: int  # free where labs are kept
    cores: int  # that this process may run on


def look(home: Path) -> Machine:
    """The machine as it is now; `home` is where labs will be kept, whether it exists or not."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    return Machine(
        memory_mb=min(psutil.virtual_memory().available, _left_in_cgroup()) // _MB,
        disk_mb=psutil.disk_usage(str(there)).free // _MB,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


def _left_in_cgroup() -> int:
    """Bytes that the container's limit leaves; a huge number where there is no limit."""
    for limit, used in _CGROUPS:
        try:
            return int(Path(limit).read_text()) - int(Path(used).read_text())
        except (OSError, ValueError):  # not this version of cgroups, or "max"
            continue
    return 1 << 62


def docker_engine() -> str | None:
    """The version of the Docker engine that answers within two seconds, else None."""
    argv = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
