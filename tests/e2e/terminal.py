"""Terminals with labctl in them: real command lines as processes of their own, in one home.

Their labs run on the local runtime, whose processes most of these tests look at, unless told otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from labctl import assets
from labctl import recover as recovery
from labctl.clock import SystemClock, await_until
from labctl.engine.machine import Phase, fold
from labctl.lab.home import folder
from labctl.lab.journal import Event, Journal

LABCTL = (sys.executable, "-m", "labctl.cli.main")
CLOCK = SystemClock()
COMMAND_WITHIN_S = 120.0
_NOT_OURS = ("LABCTL_LAB", "LABCTL_DEBUG", "LABCTL_SCENARIOS")

T = TypeVar("T")


def soon(condition: Callable[[], T | None], what: str, *, within_s: float = 60.0, every_s: float = 0.2) -> T:
    """The condition's value once it is truthy."""
    value = await_until(condition, what=what, within_s=within_s, clock=CLOCK, every_s=every_s)
    assert value is not None
    return value


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def plain(self) -> str:
        """What it printed, on one line: wherever it was wrapped."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Running:
    """A command under way; what it says goes to files, so that it never waits for a reader."""

    process: subprocess.Popen[bytes]
    stdout: Path
    stderr: Path

    @property
    def out(self) -> str:
        return self.stdout.read_text()

    @property
    def err(self) -> str:
        return self.stderr.read_text()

    def says(self, text: str, *, within_s: float) -> None:
        """Wait until it has said this, on either stream; it must not end before."""

        def said() -> bool:
            ended = self.process.poll() is not None
            if text in " ".join((self.out + self.err).split()):
                return True
            assert not ended, f"it ended without {text!r}:\n{self.out}\n{self.err}"
            return False

        await_until(
            said, what=f"{text!r} is said", within_s=within_s, clock=CLOCK, last_seen=lambda: self.err[-2000:]
        )

    def ends(self, *, within_s: float = COMMAND_WITHIN_S) -> Done:
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {within_s:g} s:\n{self.out}\n{self.err}")
        return Done(code, self.out, self.err)

    def kill(self) -> None:
        """`kill -9`: it has no chance to tidy up."""
        self.process.kill()
        self.process.wait()


@dataclass
class Terminal:
    """Types command lines into a home; `close` ends what still runs."""

    home: Path
    runtime: str = "local"
    _started: list[Running] = field(default_factory=list)

    def types(self, *words: str, within_s: float = COMMAND_WITHIN_S, **environment: str) -> Done:
        """Run `labctl WORDS…` to its end."""
        return self.starts(*words, **environment).ends(within_s=within_s)

    def starts(self, *words: str, **environment: str) -> Running:
        """Start `labctl WORDS…` and leave it running."""
        number = len(self._started)
        stdout, stderr = (self.home / f"{number}.{stream}" for stream in ("out", "err"))
        with stdout.open("wb") as out, stderr.open("wb") as err:
            process = subprocess.Popen(
                [*LABCTL, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.home,
                env={**environment_of(self.home, self.runtime), **environment},
            )
        running = Running(process, stdout, stderr)
        self._started.append(running)
        return running

    def up(self, name: str = "lab") -> None:
        done = self.types("up", "--name", name)
        assert done.code == 0, done.err

    def close(self) -> None:
        """End every command, then every lab; nothing is asked."""
        for running in self._started:
            if running.process.poll() is None:
                running.kill()
        recovery.recover_all(force=True)


def environment_of(home: Path, runtime: str = "local") -> Mapping[str, str]:
    """What a command in this home inherits."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    code = os.pathsep.join(str(assets.root() / part) for part in ("src", "services"))
    ours = {"LABCTL_HOME": str(home), "LABCTL_RUNTIME": runtime, "PYTHONPATH": code, "NO_COLOR": "1"}
    return {**kept, **ours}


@contextmanager
def at_home(runtime: str = "local") -> Iterator[Terminal]:
    """A home that Postgres' user can reach, also for this process; nothing of it is left afterwards."""
    home = Path(tempfile.mkdtemp(prefix="labctl-e2e-", dir="/var/tmp"))
    home.chmod(0o711)
    terminal = Terminal(home, runtime)
    with pytest.MonkeyPatch.context() as patch:
        for name in _NOT_OURS:
            patch.delenv(name, raising=False)
        patch.setenv("LABCTL_HOME", str(home))
        try:
            yield terminal
        finally:
            terminal.close()
            shutil.rmtree(home)


def events(name: str = "lab") -> list[Event]:
    """The lab's journal so far; none while there is no lab."""
    path = folder(name) / "journal.db"
    if not path.is_file():
        return []
    journal = Journal(path)
    try:
        return journal.read()
    finally:
        journal.close()


def reaches(phase: Phase, name: str = "lab", *, within_s: float = COMMAND_WITHIN_S) -> None:
    """Wait until the lab's drill is in this phase."""
    soon(lambda: fold(events(name)).phase is phase, f"the drill of {name} is {phase}", within_s=within_s)
