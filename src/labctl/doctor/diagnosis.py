"""Everything a lab needs, held against what is here."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl.doctor import machine
from labctl.doctor.machine import Machine
from labctl.runtimes.local.tools import PROGRAMS, Program, Tool, dotted
from labctl.runtimes.local.tools import search as search_tool

MEMORY_MB = 600
"""For one lab and its load: 340 MB measured, and room to breathe."""
DISK_MB = 500
CORES = 2


@dataclass(frozen=True)
class Check:
    """One need: what was found and where, or None; `package` is Debian's, where it has one."""

    name: str
    needed: str
    found: str | None
    where: str | None
    fine: bool
    required: bool = True
    package: str | None = None

    @property
    def says(self) -> str:
        """The check in one word."""
        if self.fine:
            return "ok"
        if not self.required:
            return "low" if self.found else "none"
        return "not enough" if self.found else "missing"


@dataclass(frozen=True)
class Diagnosis:
    checks: tuple[Check, ...]

    @property
    def missing(self) -> tuple[Check, ...]:
        """Without these no lab starts."""
        return tuple(check for check in self.checks if check.required and not check.fine)

    @property
    def low(self) -> tuple[Check, ...]:
        """With these a lab starts, and may be slow or refuse to judge."""
        return tuple(check for check in self.checks if not check.required and not check.fine and check.found)

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages that would help, each once."""
        return tuple(dict.fromkeys(check.package for check in self.missing if check.package))

    @property
    def lacks(self) -> str:
        """What is missing, as a person would list it: one name for what comes in one package."""
        first = {check.package or check.name: check for check in reversed(self.missing)}
        return ", ".join(
            f"{check.name} {check.needed} (here is {check.found})" if check.found else check.name
            for check in self.missing
            if check in first.values()
        )

    @property
    def summary(self) -> str:
        return f"this machine lacks {self.lacks}" if self.missing else "this machine can run a lab"


def diagnose(
    home: Path,
    *,
    search: Callable[[str], Tool | None] = search_tool,
    look: Callable[[Path], Machine] = machine.look,
    docker: Callable[[], str | None] | None = machine.docker_engine,
) -> Diagnosis:
    """Look at this machine for the local runtime; pass `docker=None` to spare the question."""
    checks = [python(), *(_program(program, search(name)) for name, program in PROGRAMS.items())]
    checks += size(look(home), home)
    if docker:
        engine = docker()
        checks.append(Check("Docker engine", "not needed", engine, None, bool(engine), required=False))
    return Diagnosis(tuple(checks))


def python() -> Check:
    """The Python that runs labctl."""
    return Check("Python", "3.11", platform.python_version(), sys.executable, sys.version_info >= (3, 11))


def _program(program: Program, tool: Tool | None) -> Check:
    needed = dotted(program.minimum) if program.minimum else "any"
    if tool is None:
        return Check(program.title, needed, None, None, fine=False, package=program.debian)
    found = "does not run" if tool.version == () else dotted(tool.version)
    return Check(program.title, needed, found, str(tool.path), tool.fine, package=program.debian)


def size(here: Machine, home: Path) -> Iterator[Check]:
    """Memory, disk and cores: too little is a warning."""
    for name, has, needs, unit, where in (
        ("free memory", here.memory_mb, MEMORY_MB, " MB", None),
        ("free disk", here.disk_mb, DISK_MB, " MB", str(home)),
        ("cores", here.cores, CORES, "", None),
    ):
        yield Check(name, f"{needs}{unit}", f"{has}{unit}", where, has >= needs, required=False)
