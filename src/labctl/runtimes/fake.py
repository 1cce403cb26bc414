"""A runtime in memory, for tests of everything above it: the semantics of a stack without its processes.

Replicas are ready at once. A test scripts what goes wrong: `sick["checkout"] = "why"` makes every start
of it fail, `crash(...)` ends a replica, `say(...)` makes one print, `answers` is what `run` returns.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from labctl.clock import Clock, FakeClock
from labctl.errors import RuntimeFailed, UsageError
from labctl.runtimes import journeys
from labctl.runtimes.base import (
    Address,
    Beside,
    Capability,
    Event,
    EventKind,
    Line,
    Replica,
    Result,
    Signal,
    Site,
    State,
)
from labctl.runtimes.local.layout import Layout
from labctl.stack.compose import Stack
from labctl.stack.wanted import Want, Wanted

_KILLED = 137


def _silent(component: str, argv: Sequence[str]) -> Result:
    del component, argv
    return Result(0, "", "")


class FakeRuntime:
    kind = "fake"

    def __init__(self, stack: Stack, site: Site, *, clock: Clock | None = None) -> None:
        self.capabilities: frozenset[Capability] = frozenset(Capability)
        self.clock = clock or FakeClock()
        self.sick: dict[str, str] = {}
        self.answers: Callable[[str, Sequence[str]], Result] = _silent
        self.applied: list[Wanted] = []
        self._stack = stack
        self._site = site
        self._replicas: dict[str, Replica] = {}
        self._wants: dict[str, Want] = {}  # what each replica was made or last started as
        self._events: list[Event] = []
        self._lines: list[Line] = []
        self._starts = itertools.count(1)
        self._ordinals: dict[str, int] = {}

    def apply(self, want: Wanted) -> None:
        for name in want.components:
            self._stack[name]
        journeys.lay_out(Layout(self._site.folder))
        self.applied.append(want)
        failed = [
            f"{name}: {why}"
            for name in self._stack.start_order()
            if (why := self._apply_one(name, want[name]))
        ]
        if failed:
            raise RuntimeFailed("\n".join(failed), hint=f"labctl logs {failed[0].partition(':')[0]}")

    def _apply_one(self, name: str, want: Want) -> str | None:
        """Why this component did not become as wanted, if it did not."""
        mine = [each for each in self._replicas.values() if each.component == name]
        keep = []
        for each in mine:
            self._replicas[each.name] = replace(each, limits=want.limits)
            made = self._wants[each.name]
            if (made.release, made.environment) != (want.release, want.environment):
                continue
            keep.append(each.name)
            if (made.restarts, made.data) != (want.restarts, want.data):
                self._end(each.name, 0, wanted=True)
                self._start(each.name, want)
        missing = want.replicas - len(keep)
        if missing > 0 and name in self.sick:
            return self.sick[name]  # the old ones stay
        for _ in range(missing):
            self._ordinals[name] = ordinal = self._ordinals.get(name, 0) + 1
            self._start(f"{name}-{ordinal}", want)
            keep.append(f"{name}-{ordinal}")
        for each in mine:
            if each.name not in keep[: want.replicas]:
                self._remove(each.name)
        return None

    def wanted(self) -> Wanted:
        if not self.applied:
            raise UsageError(f"the lab {self._site.name} is not up", hint="labctl up")
        return self.applied[-1]

    def observe(self) -> list[Replica]:
        return list(self._replicas.values())

    def address(self, name: str) -> Address:
        names = [*self._stack.components, *self._stack.links]
        if name not in names:
            self._stack[name]
        return Address("127.0.0.1", 1 + names.index(name))

    def signal(self, replica: str, what: Signal) -> None:
        if what is Signal.KILL:
            self.crash(replica)
            return
        state = State.UNREADY if what is Signal.FREEZE else State.READY
        self._replicas[replica] = replace(self._one(replica), state=state)

    def run(self, component: str, argv: Sequence[str], *, timeout_s: float = 30.0) -> Result:
        del timeout_s
        self._stack[component]
        return self.answers(component, argv)

    def beside(self, name: str, argv: Sequence[str], *, terminal: bool) -> Beside:
        del terminal
        for each in self._replicas.values():
            if name in (each.name, each.component):
                return Beside(each.name, tuple(argv), {"PATH": "/usr/bin:/bin", "REPLICA": each.name})
        raise RuntimeFailed(f"{name}: no replica runs to run {argv[0]} beside", hint="labctl status")

    def logs(self, component: str, *, since_wall_s: float = 0.0, follow: bool = False) -> Iterator[Line]:
        del follow
        self._stack[component]
        named = [line for line in self._lines if line.replica.rpartition("-")[0] == component]
        return iter([line for line in named if line.wall_s >= since_wall_s])

    def events(self, since: int = 0) -> Iterator[Event]:
        return iter(self._events[since:])

    def destroy(self) -> None:
        for replica in list(self._replicas):
            self._remove(replica)
        self.applied.clear()

    def crash(self, replica: str, *, exit_code: int = _KILLED, oom: bool = False) -> None:
        """End a replica from outside; the restart policy answers at once."""
        old = self._one(replica)
        if oom:
            self._tell(EventKind.OOM, replica)
        self._replicas[replica] = replace(
            old, restarts=old.restarts + 1, oom_kills=old.oom_kills + oom, exit_code=exit_code
        )
        self._end(replica, exit_code, wanted=False)
        if old.component in self.sick:
            self._replicas[replica] = replace(self._one(replica), state=State.BACKOFF)
        else:
            self._start(replica, self._wants[replica])

    def by_hand(self, replica: str, said: str) -> None:
        """Somebody changes it with tools of their own."""
        self._tell(EventKind.BY_HAND, replica, said=said)

    def say(self, replica: str, text: str) -> None:
        self._lines.append(Line(self.clock.wall(), replica, text))

    def _one(self, replica: str) -> Replica:
        if replica not in self._replicas:
            raise UsageError(f"there is no replica {replica!r}; there are {', '.join(self._replicas)}")
        return self._replicas[replica]

    def _start(self, name: str, want: Want) -> None:
        component = name.rpartition("-")[0]
        start = next(self._starts)
        old = self._replicas.get(name)
        self._wants[name] = want
        self._replicas[name] = Replica(
            name=name,
            component=component,
            state=State.READY,
            address=Address("127.0.0.1", 1000 + start),
            release=want.release,
            identity=f"fake:{start}",
            limits=want.limits,
            started_wall_s=self.clock.wall(),
            restarts=old.restarts if old else 0,
            exit_code=old.exit_code if old else None,
            oom_kills=old.oom_kills if old else 0,
        )
        self._tell(EventKind.STARTED, name)
        self._tell(EventKind.READY, name)

    def _end(self, name: str, exit_code: int, *, wanted: bool) -> None:
        self._replicas[name] = replace(self._one(name), exit_code=exit_code)
        self._tell(EventKind.EXITED, name, exit_code=exit_code, wanted=wanted)

    def _remove(self, name: str) -> None:
        self._end(name, 0, wanted=True)
        del self._replicas[name], self._wants[name]

    def _tell(
        self,
        kind: EventKind,
        name: str,
        *,
        exit_code: int | None = None,
        wanted: bool = False,
        said: str = "",
    ) -> None:
        component, number = name.rpartition("-")[0], len(self._events) + 1
        self._events.append(Event(number, self.clock.wall(), kind, name, component, exit_code, wanted, said))
