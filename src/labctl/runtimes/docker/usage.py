"""What a container uses: read from its cgroup where the engine is on this machine, else asked of it.

An engine answers only when it measures next, up to a second later; the files answer at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labctl.runtimes.docker.engine import MIB, Engine, Plain

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Usage:
    """Memory as it counts against the limit: without file cache that the kernel would give up at once."""

    memory_mb: float = 0.0
    cpu_s: float = 0.0


def of(container: Plain, docker: Engine) -> Usage:
    """What a running container uses now; nothing when it has just gone."""
    return from_files(container, PROC, CGROUPS) or _from_engine(docker.usage(container["Id"]))


def from_files(container: Plain, proc: Path, cgroups: Path) -> Usage | None:
    """As the kernel's files tell; None where they are not to be seen, or are another container's."""
    try:
        told = (proc / str(container["State"]["Pid"]) / "cgroup").read_text()
        folders = _folders(told, container["Id"])
        return _version_1(cgroups, folders) if "memory" in folders else _version_2(cgroups, folders)
    except (OSError, KeyError, ValueError):
        return None


def _folders(told: str, identity: str) -> dict[str, str]:
    """A folder for each controller, for version 2 under no name; only those that are the container's."""
    found: dict[str, str] = {}
    for line in told.splitlines():
        _, controllers, path = line.split(":", 2)
        if identity in path:
            found |= {name: path.lstrip("/") for name in controllers.split(",")}
    return found


def _version_2(cgroups: Path, folders: dict[str, str]) -> Usage:
    place = cgroups / folders[""]
    cache = _named(place / "memory.stat")["inactive_file"]
    used = int((place / "memory.current").read_text())
    return Usage(max(0, used - cache) / MIB, _named(place / "cpu.stat")["usage_usec"] / 1e6)


def _version_1(cgroups: Path, folders: dict[str, str]) -> Usage:
    memory, cpu = cgroups / "memory" / folders["memory"], cgroups / "cpuacct" / folders["cpuacct"]
    cache = _named(memory / "memory.stat")["total_inactive_file"]
    used = int((memory / "memory.usage_in_bytes").read_text())
    return Usage(max(0, used - cache) / MIB, int((cpu / "cpuacct.usage").read_text()) / 1e9)


def _named(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}


def _from_engine(told: Plain) -> Usage:
    if not told:
        return Usage()
    memory = told.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    used = max(0, memory.get("usage", 0) - cache)
    return Usage(used / MIB, told["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9)
