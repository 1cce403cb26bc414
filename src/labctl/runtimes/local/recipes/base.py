"""What a recipe is: from a place in a lab to a program that can be started there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl.runtimes.local.job import Job, Part
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.probe import Probe
from labctl.runtimes.local.process import Launch


@dataclass(frozen=True)
class Place:
    """One replica that is about to be started."""

    job: Job
    part: Part
    replica: str
    port: int  # that it must listen on, on loopback
    release: str | None
    environment: Mapping[str, str]  # the component's, resolved, with what was set since
    data: Path  # a folder of its own for data, kept over restarts; may not exist yet

    @property
    def layout(self) -> Layout:
        return Layout(self.job.folder)

    @property
    def tree(self) -> Path:
        """A folder of its own for code."""
        return self.layout.trees / self.replica

    def program(self, name: str) -> Path:
        """A program that the recipe needs, where this machine has it."""
        return Path(self.job.programs[name])

    def basics(self, home: Path) -> dict[str, str]:
        """The whole environment that every program gets before its own: nothing of the caller's."""
        programs = (
            f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        )
        return {
            "PATH": programs,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(home),
            "INCIDENT_LAB": self.job.lab,
        }


def _nothing_to_forget(data: Path) -> None:
    del data


@dataclass(frozen=True)
class Recipe:
    """`launch` prepares whatever the program needs, and may take seconds; LabError or OSError fail the start.

    `needs` are programs by their names in `tools`. `probe`, if any, is asked instead of what
    `x-lab.ready` says. `forget` undoes what the program leaves outside its data folder when it was
    killed; it gets that folder.
    """

    launch: Callable[[Place], Launch]
    needs: tuple[str, ...] = ()
    probe: Probe | None = None
    probe_every_s: float = 0.5
    forget: Callable[[Path], None] = _nothing_to_forget

    def probe_for(self, part: Part) -> Probe:
        return self.probe or Probe.named(part.ready, every_s=self.probe_every_s)
