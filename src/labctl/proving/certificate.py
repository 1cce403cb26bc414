"""The certificate: what proved a scenario, kept in a folder, for machines (JSON) and for people (HTML).

The page is self-contained: no script, no font and no picture is fetched. Recordings of the attempts lie
beside it; they are a drill's own form, so that `labctl debrief` reads them too.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from jinja2 import Environment, PackageLoader, StrictUndefined

from labctl import assets
from labctl.clock import duration
from labctl.debrief.chart import chart
from labctl.proof import Check, Grade, Proof
from labctl.proving.flakes import Flake
from labctl.proving.run import Attempted
from labctl.scenario.model import Scenario
from labctl.slo.openslo import objectives

VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """Where and when a proof was made."""

    made: str  # ISO 8601, UTC
    system: str
    cores: int
    memory_mb: int
    versions: Mapping[str, str]  # of labctl, Python, and the parts of the lab: Postgres, Redis …
    commit: str  # "" outside a repository
    modified: bool  # files differed from that commit

    @classmethod
    def here(cls, wall_s: float, parts: Mapping[str, str]) -> Provenance:
        """This machine, now; `parts` are what the lab runs on, with their versions."""
        status = _git("status", "--porcelain")
        return cls(
            made=datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="seconds"),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            cores=os.cpu_count() or 1,
            memory_mb=psutil.virtual_memory().total // 2**20,
            versions={"labctl": _labctl(), "python": platform.python_version(), **parts},
            commit=_git("rev-parse", "HEAD"),
            modified=bool(status),
        )


@dataclass(frozen=True)
class Certificate:
    """One proof with the attempts that it was made of."""

    scenario: Scenario
    proof: Proof
    attempts: Sequence[Attempted]
    provenance: Provenance
    flakes: Sequence[Flake] = field(default=())

    @property
    def folder(self) -> str:
        """The scenario's, and the repeat's where there are several."""
        return self.scenario.id if self.proof.run == 1 else f"{self.scenario.id}-run-{self.proof.run}"

    def to_plain(self) -> dict[str, Any]:
        """For machines; `certificate` rises when a field changes its meaning."""
        return {
            "certificate": VERSION,
            "provenance": {**vars(self.provenance), "versions": dict(self.provenance.versions)},
            "title": self.scenario.title,
            "code": self.scenario.code,
            "family": self.scenario.family,
            "proof": self.proof.to_plain(),
            "flakes": [flake.to_plain() for flake in self.flakes],
            "recordings": {
                each.part.name: _file(number, each)
                for number, each in enumerate(self.attempts)
                if each.recording
            },
        }

    def write(self, out: Path) -> Path:
        """The certificate's page below `out`, with its JSON and recordings beside it."""
        folder = out / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(self.attempts):
            if each.recording:
                each.recording.save(folder / _file(number, each))
        plain = json.dumps(self.to_plain(), indent=1, ensure_ascii=False)
        (folder / "certificate.json").write_text(plain + "\n", encoding="utf-8")
        page = folder / "certificate.html"
        page.write_text(self.html(), encoding="utf-8")
        return page

    def html(self) -> str:
        """The page alone."""
        template = _templates().get_template("certificate.html.jinja")
        return template.render(
            scenario=self.scenario,
            proof=self.proof,
            provenance=self.provenance,
            flakes=self.flakes,
            attempts=[self._attempt(number, each) for number, each in enumerate(self.attempts)],
            closing=[check for check in self.proof.checks if not self._of_an_attempt(check)],
            word=self.proof.word,
            counts={str(grade): self.proof.count(grade) for grade in Grade if self.proof.count(grade)},
        )

    def _attempt(self, number: int, attempted: Attempted) -> dict[str, Any]:
        targets = {each.journey: each.target for each in objectives()} | dict(self.scenario.objectives)
        recording = attempted.recording
        drawn = recording is not None and bool(recording.seconds)
        return {
            "name": _title(attempted),
            "checks": attempted.proof.checks,
            "conditions": attempted.proof.conditions,
            "took": duration(attempted.proof.took_s),
            "recording": _file(number, attempted) if recording else None,
            "chart": chart(recording, targets, name=f"chart-{number}") if drawn and recording else None,
        }

    def _of_an_attempt(self, check: Check) -> bool:
        return any(check is each for attempted in self.attempts for each in attempted.proof.checks)


def index(certificates: Sequence[Certificate]) -> str:
    """A page that lists certificates by what they came to."""
    rows = [(each, each.proof.word) for each in certificates]
    return _templates().get_template("index.html.jinja").render(rows=rows)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("labctl.proving"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    return environment


def _title(attempted: Attempted) -> str:
    kind, _, name = attempted.part.name.partition(":")
    return "Nobody acts, and decoys" if not name else f"{kind.capitalize()}: {name}"


def _file(number: int, attempted: Attempted) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", attempted.part.name.lower()).strip("-")
    return f"{number + 1}-{slug[:60]}.json"


def _labctl() -> str:
    try:
        return version("incident-lab")
    except PackageNotFoundError:
        return "from a checkout"


def _git(*arguments: str) -> str:
    """What git says of the lab's own files; "" where they are in no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(assets.root()), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
