"""The witness: what is changed past labctl, with docker, psql or a signal, while a drill is under way.

It reads what the runtime and Postgres tell of it. What it has said is in the journal,
so that a resumed drill goes on where the last one stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labctl.errors import LabError
from labctl.lab.journal import Event
from labctl.lab.redact import redacted
from labctl.runtimes import base
from labctl.runtimes.base import EventKind, Line

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

KIND = "change.seen"
_Key = tuple[float, str, str]  # when, with what, and what was done
LOOK_EVERY_S = 1.0
_GRACE_S = 1.5
"""What labctl itself did may be told a little later."""
_LONGEST = 300

_STATEMENT = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] (?P<user>\S*)@(?P<database>\S*) (?P<app>.*?) ?LOG:  "
    r"(?:statement|execute [^:]*): (?P<said>.*)",
    re.DOTALL,
)
_TERMINATED = re.compile(
    r"^\S+ \S+ \S+ \[\d+\] (?P<user>\S+)@(?P<database>\S+) (?P<app>.*?) ?"
    r"FATAL:  terminating connection due to administrator command"
)
_SHUTDOWN = re.compile(r"LOG:  received \w+ shutdown request")
_OPEN_AGAIN = re.compile(r"LOG:  database system is ready")
_LABCTL = frozenset({"labctl"})
_ASKED_TO_END = {0: "it was asked to end", 129: "SIGHUP", 130: "SIGINT", 137: "SIGKILL", 143: "SIGTERM"}
"""Exit codes that no service has by itself: somebody sent a signal."""


@dataclass(frozen=True)
class Sight:
    """One change past labctl. `by` is docker, kill or psql; `said` what was done, without secrets."""

    by: str
    said: str
    at_wall_s: float
    component: str | None

    def payload(self) -> Mapping[str, Any]:
        return {"by": self.by, "said": self.said, "at_wall_s": self.at_wall_s, "component": self.component}


class Witness:
    """For one driver of one drill; of the journal it reads at each look only what is new."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._cursor = 0
        self._out_of_memory: set[str] = set()  # the kernel ended them, or is about to
        self._next_look = float("-inf")
        self._journaled = 0
        self._known: set[_Key] = set()
        self._ours = Ours()

    def look(self, *, since_wall_s: float) -> list[Sight]:
        """What was done since the drill began, or since the last that the journal has, in order of time."""
        now = self._lab.clock.now()
        if now < self._next_look:
            return []
        self._next_look = now + LOOK_EVERY_S
        self._read()
        found = [*self._runtime(), *self._postgres(max([since_wall_s, *(each[0] for each in self._known)]))]
        fresh = [
            sight
            for sight in found
            if sight.at_wall_s > since_wall_s
            and _key(sight.payload()) not in self._known
            and not self._ours.did(sight.at_wall_s)
        ]
        return sorted(fresh, key=lambda sight: sight.at_wall_s)

    def _read(self) -> None:
        for event in self._lab.journal.read(self._journaled):
            self._journaled = event.seq
            self._ours.hear(event)
            if event.kind == KIND:
                self._known.add(_key(event.payload))

    def _runtime(self) -> Iterator[Sight]:
        try:
            events = list(self._lab.runtime.events(self._cursor))
        except LabError:
            return
        for event in events:
            self._cursor = event.cursor
            sight = from_event(event, oom=event.replica in self._out_of_memory, kind=self._lab.kind)
            if event.kind is EventKind.OOM:
                self._out_of_memory.add(event.replica)
            elif event.kind is EventKind.EXITED:
                self._out_of_memory.discard(event.replica)
            if sight:
                yield sight

    def _postgres(self, since_wall_s: float) -> Iterator[Sight]:
        if "postgres" not in self._lab.stack.components:
            return
        try:
            lines = list(self._lab.runtime.logs("postgres", since_wall_s=since_wall_s))
        except LabError:
            return
        replicas = set(self._lab.stack.components)
        yield from from_log(lines, secrets=self._lab.secrets.values(), services=replicas)


class Ours:
    """When labctl itself changed something: from when it began until what it did had been told."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[float, float]] = {}

    def hear(self, event: Event) -> None:
        if event.kind == "change.begun":
            self._spans[event.payload["id"]] = (event.wall_s, float("inf"))
        elif event.kind in ("change.done", "change.failed", "change.undone"):
            begun, _ = self._spans.get(event.payload["id"], (event.wall_s, 0.0))
            self._spans[event.payload["id"]] = (begun, event.wall_s + _GRACE_S)

    def did(self, at_wall_s: float) -> bool:
        """Whether what happened then is told of labctl."""
        return any(begun <= at_wall_s <= done for begun, done in self._spans.values())


def from_event(event: base.Event, *, oom: bool, kind: str) -> Sight | None:
    """What a runtime's event tells of somebody's own tools: docker says so, a process only how it ended."""
    if event.kind is EventKind.BY_HAND:
        by = "docker" if kind != "local" else "kill"
        return Sight(by, " ".join(redacted(event.said.split(" "))), event.wall_s, event.component)
    ended = event.kind is EventKind.EXITED and not event.wanted and kind == "local"
    if not ended or oom or event.exit_code not in _ASKED_TO_END:
        return None
    how = _ASKED_TO_END[event.exit_code]
    return Sight("kill", f"ended {event.replica}: {how}", event.wall_s, event.component)


def from_log(lines: Iterable[Line], *, secrets: Iterable[str], services: Iterable[str]) -> Iterator[Sight]:
    """DDL and ended sessions that Postgres logged, but for labctl's and the services' own."""
    known, hidden = frozenset(services), list(secrets)
    shutting_down = False
    for line in _whole(lines):
        if _SHUTDOWN.search(line.text):
            shutting_down = True
        elif _OPEN_AGAIN.search(line.text):
            shutting_down = False
        elif found := _STATEMENT.match(line.text):
            if not _is_ours(found["app"], known):
                statement = " ".join(found["said"].split())[:_LONGEST]
                (said,) = redacted([statement], hidden)
                yield Sight("psql", f"{found['user']}@{found['database']}: {said}", line.wall_s, "postgres")
        elif not shutting_down and (found := _TERMINATED.match(line.text)):
            whose = f"{found['app'] or 'a session'} of {found['user']}"
            yield Sight("psql", f"ended the session {whose} on {found['database']}", line.wall_s, "postgres")


def _is_ours(application: str, services: frozenset[str]) -> bool:
    return application in _LABCTL or application.rpartition("-")[0] in services


def _whole(lines: Iterable[Line]) -> Iterator[Line]:
    """Statements over several lines as one: Postgres indents what goes on."""
    held: Line | None = None
    for line in lines:
        if held is not None and line.text.startswith("\t"):
            held = Line(held.wall_s, held.replica, f"{held.text}\n{line.text}")
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _key(payload: Mapping[str, Any]) -> _Key:
    return float(payload.get("at_wall_s", 0.0)), str(payload["by"]), str(payload["said"])
