"""Makes a stack as it is wanted: compares the plan with the wish, takes the steps, waits for each.

Components go in waves, those first that others depend on. What was begun is in the plan before it is
done, so that an apply after a crash takes up where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from labctl.clock import Clock
from labctl.errors import CannotRunHere, RuntimeFailed
from labctl.runtimes.base import Site
from labctl.runtimes.docker import composed, composing, output, settings
from labctl.runtimes.docker.chronicle import Chronicle, Life
from labctl.runtimes.docker.engine import Engine, Plain, all_at_once
from labctl.runtimes.docker.observation import answering, is_running
from labctl.runtimes.docker.places import Places
from labctl.runtimes.docker.plan import Plan, Planned
from labctl.runtimes.local import layout
from labctl.stack.compose import Component, Stack
from labctl.stack.wanted import Want, Wanted

_POLL_S = 0.05


@dataclass(frozen=True)
class Options:
    start_deadline_s: float = 30.0
    drain_s: float = 1.0  # from the moment a replica is listed no more to its SIGTERM


@dataclass(frozen=True)
class Keeper:
    """For one apply. `ports` gives a component's ports on loopback."""

    stack: Stack
    site: Site
    docker: Engine
    chronicle: Chronicle
    places: Places
    plan: Plan
    clock: Clock
    options: Options
    ports: Callable[[Component], dict[str, int]]

    def reach(self, want: Wanted, touched: set[str]) -> list[Planned]:
        """Make it so; returns the replicas of touched components that are not ready in time."""
        self.chronicle.nothing_asked()
        self._finish_retiring()
        changed, lives = self._limit(want), self.chronicle.lives()
        late: list[Planned] = []
        for wave in waves(self.stack):
            moved = self._begin(wave, want)
            changed |= self._start(wave, want)
            concerned = [
                each for name in wave if name in touched for each in self._staying(name, want, lives)
            ]
            awaited = [each for each in concerned if each.name in changed or not _arrived(each, lives)]
            late += self._await(list({each.name: each for each in [*moved, *awaited]}.values()))
            self._settle(wave, want, late)
        self._announce()
        return late

    # Beginning

    def _begin(self, wave: list[str], want: Wanted) -> list[Planned]:
        """Restart what is to be restarted and plan what is missing; returns what was restarted."""
        moved = [each for name in wave for each in self.plan.of(name) if self._is_moved(each, want[name])]
        self._move(moved, want)
        for name in wave:
            for _ in range(want[name].replicas - len(self._current(name, want))):
                self._add(name, want[name])
        return [self.plan.replicas[each.name] for each in moved]

    def _current(self, component: str, want: Wanted) -> list[Planned]:
        """The replicas that need no replacement."""
        return [each for each in self.plan.of(component) if each.is_edition(want[component])]

    def _staying(
        self, component: str, want: Wanted, lives: Mapping[str, Life], late: Collection[str] = ()
    ) -> list[Planned]:
        """Those of them that are wanted: of too many, the sick and the newest go, and nobody waits."""

        def worth(planned: Planned) -> tuple[bool, int]:
            sick = planned.name in late or planned.name not in lives or not lives[planned.name].ready
            return sick, planned.ordinal

        return sorted(self._current(component, want), key=worth)[: want[component].replicas]

    def _is_single(self, component: str) -> bool:
        """It owns published ports or data, so that there is one at a time, replaced in place."""
        return bool(self.stack[component].published)

    def _is_moved(self, planned: Planned, want: Want) -> bool:
        if not planned.is_edition(want):
            return self._is_single(planned.component)  # others are replaced, new before old
        return (planned.restarts, planned.data) != (want.restarts, want.data)

    def _add(self, component: str, want: Want) -> None:
        ordinal = 1 if self._is_single(component) else self.plan.last.get(component, 0) + 1
        self.plan.put(
            Planned(
                name=f"{component}-{ordinal}",
                component=component,
                ports=self.ports(self.stack[component]),
                release=want.release,
                environment=dict(want.environment),
                limits=want.limits,
                restarts=want.restarts,
                data=want.data,
            )
        )

    def _move(self, moved: list[Planned], want: Wanted) -> None:
        """Restart in place; what can't stay the same container ends, and another of its name is started."""
        if not moved:
            return
        containers = self.docker.containers()
        self._announce(without={each.name for each in moved})  # it shall be ready before it is busy again
        same = [
            (containers[each.name]["Id"], self.stack[each.component].stop_grace_s)
            for each in moved
            if each.name in containers and self._stays(each, want)
        ]
        with self.chronicle.asking(*(identity for identity, _ in same)):
            all_at_once(lambda each: self.docker.restart(*each), same)
        others = [each for each in moved if not self._stays(each, want)]
        self._end(others, containers)
        fresh = [each for each in others if each.data != want[each.component].data]
        self.docker.remove_volumes(
            [name for each in fresh for name in composed.data_volumes(self.stack, self.site, each)]
        )
        for each in moved:
            now = want[each.component]
            self.plan.edit(
                each.name,
                release=now.release,
                environment=dict(now.environment),
                restarts=now.restarts,
                data=now.data,
            )

    @staticmethod
    def _stays(planned: Planned, want: Wanted) -> bool:
        """Whether its container can be what is wanted."""
        now = want[planned.component]
        return planned.is_edition(now) and planned.data == now.data

    def _start(self, wave: list[str], want: Wanted) -> set[str]:
        """Start whatever of these components is as it should be, and does not run; returns what was."""
        containers = self.docker.containers()
        planned = [each for name in wave for each in self._current(name, want)]
        absent = [each for each in planned if not _lives(containers.get(each.name))]
        if absent:
            file = composed.compose_file(self.stack, self.site, self.plan.active)
            layout.write(self.places.compose, file)
            composing.up(composed.project(self.site), self.places.compose, [each.name for each in absent])
        return {each.name for each in absent}

    def _await(self, expected: list[Planned]) -> list[Planned]:
        """Wait until these are ready; returns those that are not when the start deadline has passed."""
        waiting = {each.name: each for each in expected}
        deadline = self.clock.now() + self.options.start_deadline_s
        while waiting:
            ready = answering(self.stack, waiting.values())
            if ready:
                self.chronicle.ready({name: waiting[name].component for name in ready})
            waiting = {name: each for name, each in waiting.items() if name not in ready}
            if not waiting or self.clock.now() > deadline:
                break
            self.clock.sleep(_POLL_S)
        return list(waiting.values())

    # Settling

    def _settle(self, wave: list[str], want: Wanted, late: list[Planned]) -> None:
        """Old ones go as new ones serve, and of too many those that are missed least."""
        self._announce()
        lates, lives = {each.name for each in late}, self.chronicle.lives()
        leaving: list[Planned] = []
        for name in wave:
            current = self._current(name, want)
            old = [each for each in self.plan.of(name) if each not in current]
            serving = sum(each.name not in lates and _arrived(each, lives) for each in current)
            keep_old = max(0, want[name].replicas - serving)
            staying = self._staying(name, want, lives, lates)
            leaving += [each for each in current if each not in staying]
            leaving += old[: max(0, len(old) - keep_old)]
        if leaving:
            for each in leaving:
                self.plan.edit(each.name, retiring=True)
            self._announce()
            self.clock.sleep(self.options.drain_s)
            self._finish_retiring()

    def _finish_retiring(self) -> None:
        leaving = [each for each in self.plan.replicas.values() if each.retiring]
        if leaving:
            self._end(leaving, self.docker.containers())
            volumes = [
                name for each in leaving for name in composed.data_volumes(self.stack, self.site, each)
            ]
            self.docker.remove_volumes(volumes)
            self.plan.drop(each.name for each in leaving)

    def _end(self, leaving: list[Planned], containers: dict[str, Plain]) -> None:
        """Stop and remove containers; what they printed stays readable."""
        if not leaving:
            return
        found = [(containers[each.name]["Id"], each) for each in leaving if each.name in containers]
        with self.chronicle.asking(*(identity for identity, _ in found)):
            all_at_once(
                lambda each: self.docker.stop(each[0], self.stack[each[1].component].stop_grace_s), found
            )
        for identity, each in found:
            output.keep(self.docker, identity, self.places.log(each.name))
        all_at_once(lambda each: self.docker.remove(each[0]), found)

    def _limit(self, want: Wanted) -> set[str]:
        """Other limits, in place where the engine lets us; returns whose."""
        changing = [each for each in self.plan.active if each.limits != want[each.component].limits]
        containers = self.docker.containers() if changing else {}
        for each in changing:
            limits = want[each.component].limits
            container = containers.get(each.name)
            if container:
                self._update(self.stack[each.component], container, limits.memory_mb, limits.cpus)
            self.plan.edit(each.name, limits=limits)
        return {each.name for each in changing}

    def _update(
        self, component: Component, container: Plain, memory_mb: int | None, cpus: float | None
    ) -> None:
        identity = container["Id"]
        try:
            with self.chronicle.doing(identity):
                self.docker.update(identity, memory_mb, cpus)
        except CannotRunHere:
            raise
        except RuntimeFailed:  # below what it uses now: the kernel will not take it away
            with self.chronicle.asking(identity):
                self.docker.stop(identity, component.stop_grace_s)
                self.docker.update(identity, memory_mb, cpus)
            self.docker.start(identity)
        if container["State"]["Restarting"]:  # it need not wait for its turn
            with self.chronicle.asking(identity):
                self.docker.restart(identity, component.stop_grace_s)

    def _announce(self, without: Collection[str] = ()) -> None:
        lives = {name: life for name, life in self.chronicle.lives().items() if name not in without}
        settings.announce(self.stack, self.places, self.plan, lives)


def waves(stack: Stack) -> list[list[str]]:
    """Components by how deep what they depend on is: each wave needs only earlier ones."""
    depth: dict[str, int] = {}
    for name in stack.start_order():
        depth[name] = 1 + max((depth[each] for each in stack[name].depends_on), default=-1)
    found: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name, level in depth.items():
        found[level].append(name)
    return found


def _arrived(planned: Planned, lives: Mapping[str, Life]) -> bool:
    """Whether it has ever been ready: what befell it since is nobody's doing here, and not waited for."""
    return planned.name in lives and lives[planned.name].arrived


def _lives(container: Plain | None) -> bool:
    """Whether it runs, or the engine is about to start it again."""
    return is_running(container) or bool(container and container["State"]["Restarting"])
