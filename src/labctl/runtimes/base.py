"""The seam between labctl and whatever runs a stack: desired state in, observed replicas out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from labctl.stack.wanted import Limits, Wanted


@dataclass(frozen=True)
class Site:
    """Where one lab lives: all that a runtime knows of it beside the stack."""

    name: str
    id: str  # random hex; every process and container of the lab is labelled with it
    folder: Path  # settings/ is shared with the lab; run/, logs/, trees/ and data/ are the runtime's
    cache: Path  # shared by all labs of one home; may vanish at any time
    secrets: Mapping[str, str]  # POSTGRES_PASSWORD, SHOP_PASSWORD, …


class Capability(StrEnum):
    """What a scenario may require; probed once, never assumed."""

    MEMORY_LIMIT = "memory-limit"
    CPU_LIMIT = "cpu-limit"
    FREEZE = "freeze"


class State(StrEnum):
    STARTING = "starting"  # alive, not ready yet
    READY = "ready"
    UNREADY = "unready"  # alive, was ready, its probe fails
    BACKOFF = "backoff"  # dead, will be started again
    STOPPED = "stopped"  # dead because that is wanted, or its turn has not come


class Signal(StrEnum):
    KILL = "kill"  # a crash: the restart policy answers
    FREEZE = "freeze"
    THAW = "thaw"


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Replica:
    """One running (or failing) copy of a component, as it is and not as it was asked for."""

    name: str  # "checkout-1"; unique in the lab, never reused by a different process
    component: str
    state: State
    address: Address | None  # on loopback, as labctl reaches it
    release: str | None
    identity: str  # pid and start time, or container id: changes with every start
    limits: Limits
    started_wall_s: float | None
    restarts: int = 0  # unplanned ones, since the replica was created
    exit_code: int | None = None  # of the last exit; 137 is a kill
    oom_kills: int = 0
    rss_mb: float = 0.0
    cpu_s: float = 0.0  # consumed since the process started


class EventKind(StrEnum):
    STARTED = "started"
    READY = "ready"
    EXITED = "exited"
    OOM = "oom"
    BY_HAND = "by-hand"  # somebody changed it past labctl; `said` is what was done


@dataclass(frozen=True)
class Event:
    """One thing that happened to a replica; `cursor` orders events and never repeats."""

    cursor: int
    wall_s: float
    kind: EventKind
    replica: str
    component: str
    exit_code: int | None = None
    wanted: bool = False  # an exit that labctl asked for
    said: str = ""


@dataclass(frozen=True)
class Line:
    wall_s: float
    replica: str
    text: str


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Beside:
    """How to run a program where a replica runs, from this terminal."""

    replica: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]  # the whole of it
    cwd: str | None = None
    user: int | None = None  # to become, with `group`, before it starts
    group: int | None = None


class Runtime(Protocol):
    """What runs one lab's stack. Every call is synchronous and safe to repeat."""

    kind: str
    capabilities: frozenset[Capability]

    def apply(self, want: Wanted) -> None:
        """Make it so and return when every replica is ready; idempotent, in place where it can.

        Raises RuntimeFailed naming the component, its state and its last log lines when a replica
        is not ready within its start deadline; the wanted state stays in force all the same.
        """

    def wanted(self) -> Wanted:
        """What was last applied; UsageError before the first apply."""

    def observe(self) -> list[Replica]: ...

    def address(self, name: str) -> Address:
        """Where labctl reaches a component or a link of `wire` on loopback; `front` is the shop's door."""

    def signal(self, replica: str, what: Signal) -> None: ...

    def run(self, component: str, argv: Sequence[str], *, timeout_s: float = 30.0) -> Result:
        """Run a program where the component runs, with its environment."""

    def beside(self, name: str, argv: Sequence[str], *, terminal: bool) -> Beside:
        """How to run a program inside a replica, by its name or any of a component's, as `run` would.

        With `terminal` it is a person's: interactive. RuntimeFailed when no such replica runs.
        """

    def logs(self, component: str, *, since_wall_s: float = 0.0, follow: bool = False) -> Iterator[Line]: ...

    def events(self, since: int = 0) -> Iterator[Event]:
        """Events with a cursor above `since` that exist now, each exactly once, in order."""

    def destroy(self) -> None:
        """End everything that this lab started and nothing else; idempotent."""
