"""The programs that the local runtime starts, wherever this machine keeps them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labctl.errors import CannotRunHere

Version = tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """One program that a lab needs."""

    title: str  # as a person calls it
    files: tuple[str, ...]  # its file name, the likeliest first; projects and Debian differ
    minimum: Version | None  # None where any will do
    debian: str  # the package that has it
    beside: str | None = None  # it comes with this program, in the same folder


PROGRAMS: Mapping[str, Program] = {
    "postgres": Program("PostgreSQL server", ("postgres",), (15,), "postgresql"),
    "initdb": Program("PostgreSQL initdb", ("initdb",), None, "postgresql", beside="postgres"),
    "psql": Program("PostgreSQL client", ("psql",), None, "postgresql", beside="postgres"),
    "redis-server": Program("Redis or Valkey", ("redis-server", "valkey-server"), (6, 2), "redis-server"),
    "prometheus": Program("Prometheus", ("prometheus",), (2, 40), "prometheus"),
    "promtool": Program("promtool", ("promtool",), (2, 40), "prometheus"),
    "alertmanager": Program(
        "Alertmanager", ("alertmanager", "prometheus-alertmanager"), (0, 22), "prometheus-alertmanager"
    ),
    "postgres-exporter": Program(
        "Postgres exporter",
        ("postgres_exporter", "prometheus-postgres-exporter"),
        None,
        "prometheus-postgres-exporter",
    ),
    "redis-exporter": Program(
        "Redis exporter", ("redis_exporter", "prometheus-redis-exporter"), None, "prometheus-redis-exporter"
    ),
}

_USUAL = ("/usr/local/bin", "/usr/bin", "/usr/sbin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin")
_POSTGRES = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # the PostgreSQL project's RPMs
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
_VERSION = re.compile(r"(?:version |v=|\) |Exporter v?)(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Tool:
    """A program as it was found; `version` is None where it does not say, and () when it does not run."""

    name: str
    path: Path
    version: Version | None

    @property
    def fine(self) -> bool:
        """Whether it runs, and is new enough."""
        minimum = PROGRAMS[self.name].minimum
        if minimum is None:
            return self.version != ()
        return self.version is not None and self.version >= minimum


class Tools:
    """Finds programs; `path` as in $PATH, `root` is where the file system begins (tests have their own)."""

    def __init__(self, path: str | None = None, root: Path = Path("/")) -> None:
        self._path = os.environ.get("PATH", os.defpath) if path is None else path
        self._root = root

    def search(self, name: str) -> Tool | None:
        """The first that will do, else the newest that will not, else None."""
        found: list[Tool] = []
        for file in self._candidates(PROGRAMS[name]):
            tool = Tool(name, file, _version_of(file))
            if tool.fine:
                return tool
            found.append(tool)
        return max(found, key=lambda tool: tool.version or (), default=None)

    def _candidates(self, program: Program) -> Iterator[Path]:
        """Every file that could be it, each once."""
        if program.beside:
            host = self.search(program.beside)
            folders: Sequence[Path] = [host.path.parent] if host else []
        else:
            folders = self._folders("postgres" in program.files)
        seen: set[Path] = set()
        for folder in folders:
            for file in (folder / name for name in program.files):
                if file not in seen and file.is_file() and os.access(file, os.X_OK):
                    seen.add(file)
                    yield file

    def _folders(self, postgres: bool) -> list[Path]:
        usual = [self._root / folder.lstrip("/") for folder in _USUAL]
        on_path = [Path(folder) for folder in self._path.split(os.pathsep) if folder]
        if not postgres:
            return on_path + usual
        versioned = [folder for pattern in _POSTGRES for folder in self._root.glob(pattern)]
        return sorted(versioned, key=_number, reverse=True) + on_path + usual + self._configured(on_path)

    def _configured(self, on_path: Sequence[Path]) -> list[Path]:
        """Where `pg_config` says that the server's programs are."""
        for folder in on_path:
            if os.access(folder / "pg_config", os.X_OK):
                said = _run([str(folder / "pg_config"), "--bindir"])
                return [Path(said.strip())] if said else []
        return []


def _number(folder: Path) -> int:
    """The major version in a folder's path: 15 for /usr/lib/postgresql/15/bin, 0 without one."""
    digits = re.search(r"\d+$", folder.parent.name)
    return int(digits.group()) if digits else 0


@cache
def _version_of(file: Path) -> Version | None:
    said = _run([str(file), "--version"])
    if said is None:
        return ()
    match = _VERSION.search(said)
    return tuple(int(part) for part in match.group(1).split(".")) if match else None


def _run(argv: Sequence[str]) -> str | None:
    """What a program says on either stream; None when it cannot be run or takes over five seconds."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr


def dotted(version: Version | None) -> str:
    """A version as a person writes it."""
    return ".".join(map(str, version)) if version else "unknown"


def search(name: str) -> Tool | None:
    """A program of this machine by its name in PROGRAMS, perhaps too old; None where there is none."""
    return Tools().search(name)


@cache
def find(name: str) -> Path:
    """The program's file; CannotRunHere when there is none that will do."""
    tool = search(name)
    if tool and tool.fine:
        return tool.path
    program = PROGRAMS[name]
    if tool is None:
        problem = f"{program.title} is not installed here"
    elif tool.version == ():
        problem = f"{tool.path} does not run"
    else:
        problem = (
            f"{tool.path} is version {dotted(tool.version)}; a lab needs {dotted(program.minimum)} or newer"
        )
    raise CannotRunHere(problem, hint="labctl doctor --fix")
