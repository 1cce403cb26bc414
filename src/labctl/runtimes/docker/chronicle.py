"""What happened to the replicas: the engine's events, kept in run/events.jsonl as far as they were read.

The engine remembers its last 256 events; a lab makes five with each crash, so that what happens between
two questions is not lost. When a replica became ready is noted by whoever sees it first.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from labctl.runtimes.base import Event, EventKind
from labctl.runtimes.docker import engine
from labctl.runtimes.docker.engine import Engine, Plain
from labctl.runtimes.docker.places import Places
from labctl.runtimes.local import history, layout

_KINDS = {"start": EventKind.STARTED, "die": EventKind.EXITED, "oom": EventKind.OOM}
OURS = ("env", "INCIDENT_LAB_BY=labctl")
"""What labctl puts before every program that it runs inside a container: it is its own doing."""
_BY_HAND = {
    "kill": "sent signal {signal} to {replica}",
    "stop": "stopped {replica}",
    "restart": "restarted {replica}",
    "pause": "paused {replica}",
    "unpause": "unpaused {replica}",
    "update": "changed the limits of {replica}",
    "exec_create": "ran in {replica}: {command}",
}
"""What somebody did with the engine's own tools, where labctl did not, by the engine's word for it."""
_ONE_KILL_NS = 1_000_000_000  # the kernel tells of one kill more than once, and sometimes late


@dataclass
class Life:
    """One replica so far, as its events tell."""

    restarts: int = 0
    exit_code: int | None = None
    oom_kills: int = 0
    arrived: bool = False  # it has been ready at least once
    ready: bool = False  # it has been ready since it was last started
    started: bool = False


class Chronicle:
    def __init__(self, docker: Engine, places: Places) -> None:
        self._engine = docker
        self._places = places

    def read(self, since: int = 0) -> Iterator[Event]:
        """Everything that has happened by now, from a cursor on."""
        self.catch_up()
        return history.read(self._places.events, since)

    def lives(self) -> dict[str, Life]:
        """Every replica that ever was, by name."""
        found: dict[str, Life] = {}
        for event in history.read(self._places.events, 0):
            _live(found.setdefault(event.replica, Life()), event)
        return found

    def catch_up(self) -> None:
        """Write down what the engine has told since the last time."""
        if not self._places.run.is_dir():
            return
        with self._alone():
            self._catch_up()

    def ready(self, replicas: dict[str, str]) -> None:
        """Note that these (component by name) answer; the first note since a start counts."""
        with self._alone():
            self._catch_up()
            lives = self.lives()
            fresh = [
                name for name in replicas if name in lives and lives[name].started and not lives[name].ready
            ]
            self._append(
                [[time.time(), EventKind.READY, name, replicas[name], None, False] for name in fresh]
            )

    def nothing_asked(self) -> None:
        """Forget what an apply asked for that never ended: from now on, ends are crashes."""
        self.catch_up()
        seen = self._seen()
        self._ask(remove=seen["asked"], done=seen.get("doing", ()))

    @contextmanager
    def doing(self, *identities: str) -> Iterator[None]:
        """While this lasts, what is done to these containers, short of their end, is labctl's doing."""
        self._ask(doing=identities)
        try:
            yield
        finally:
            self.catch_up()
            self._ask(done=identities)

    @contextmanager
    def asking(self, *identities: str) -> Iterator[None]:
        """While this lasts, the ends of these containers are what labctl asked for."""
        self._ask(add=set(identities))
        try:
            yield
        finally:
            self.catch_up()
            self._ask(remove=set(identities))

    def _ask(
        self,
        add: Collection[str] = (),
        remove: Collection[str] = (),
        doing: Collection[str] = (),
        done: Collection[str] = (),
    ) -> None:
        with self._alone():
            seen = self._seen()
            asked = sorted((set(seen["asked"]) | set(add)) - set(remove))
            at_work = sorted((set(seen.get("doing", ())) | set(doing)) - set(done))
            layout.write(self._places.seen, {**seen, "asked": asked, "doing": at_work})

    def _seen(self) -> dict[str, Any]:
        found: dict[str, Any] | None = layout.read(self._places.seen)
        return found or {"at_ns": 0, "asked": []}

    def _catch_up(self) -> None:
        seen = self._seen()
        after: int = seen["at_ns"]
        since = f"{after // 10**9}.{after % 10**9:09d}"
        told = [each for each in self._engine.events(since, time.time()) if each["timeNano"] > after]
        if not told:
            return
        at_work = {*seen["asked"], *seen.get("doing", ())}
        self._append([_line(each, seen["asked"]) for each in _in_order(told, at_work)])
        layout.write(self._places.seen, {**seen, "at_ns": max(each["timeNano"] for each in told)})

    def _append(self, lines: list[list[Any]]) -> None:
        if lines:
            with self._places.events.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._places.events_lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _in_order(told: list[Plain], at_work: Collection[str] = ()) -> list[Plain]:
    """What matters of it: one OOM for each kill, before the end that it caused."""
    found: list[Plain] = []
    for each in sorted(told, key=lambda each: int(each["timeNano"])):
        if each["Action"] not in _KINDS and not _is_by_hand(each, at_work):
            continue
        if each["Action"] == "oom":
            same = [
                index
                for index, other in enumerate(found)
                if other["id"] == each["id"] and each["timeNano"] - other["timeNano"] < _ONE_KILL_NS
            ]
            if any(found[index]["Action"] == "oom" for index in same):
                continue
            ends = [index for index in same if found[index]["Action"] == "die"]
            found.insert(ends[0] if ends else len(found), each)
        else:
            found.append(each)
    return found


def _is_by_hand(told: Plain, at_work: Collection[str]) -> bool:
    """Whether somebody else did this: not labctl, and not the engine by itself."""
    action, _, command = told["Action"].partition(": ")
    return action in _BY_HAND and told["id"] not in at_work and not command.startswith(" ".join(OURS))


def _line(told: Plain, asked: list[str]) -> list[Any]:
    about = told["Actor"]["Attributes"]
    action, _, command = told["Action"].partition(": ")
    kind = _KINDS.get(action, EventKind.BY_HAND)
    ended = kind is EventKind.EXITED
    replica = about.get(engine.REPLICA, "")
    line = [
        told["timeNano"] / 1e9,
        kind,
        replica,
        about.get(engine.COMPONENT, ""),
        int(about["exitCode"]) if ended else None,
        ended and told["id"] in asked,
    ]
    if kind is not EventKind.BY_HAND:
        return line
    said = _BY_HAND[action].format(replica=replica, signal=about.get("signal", "?"), command=command)
    return [*line, said]


def _live(life: Life, event: Event) -> None:
    match event.kind:
        case EventKind.STARTED:
            life.started, life.ready = True, False
        case EventKind.READY:
            life.ready = life.arrived = True
        case EventKind.OOM:
            life.oom_kills += 1
        case EventKind.EXITED:
            life.started = life.ready = False
            life.exit_code = event.exit_code
            life.restarts += not event.wanted
