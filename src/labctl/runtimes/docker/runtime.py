"""The docker runtime as labctl sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labctl.clock import Clock, SystemClock
from labctl.errors import CannotRunHere, LabError, RuntimeFailed, UsageError
from labctl.runtimes.base import Address, Beside, Capability, Event, Line, Replica, Result, Signal, Site
from labctl.runtimes.docker import engine, images, observation, output, settings
from labctl.runtimes.docker.chronicle import OURS, Chronicle
from labctl.runtimes.docker.engine import Engine, Plain, all_at_once
from labctl.runtimes.docker.keeper import Keeper, Options
from labctl.runtimes.docker.places import Places
from labctl.runtimes.docker.plan import Plan, Planned
from labctl.runtimes.local import layout, ports
from labctl.runtimes.local.fixed import HOST, WIRE, fixed_ports
from labctl.stack.compose import Component, Stack
from labctl.stack.wanted import Wanted

_LAST_LINES = 8
_TIMED_OUT = 124  # as `timeout` says it
_CLIENTS = {"postgres": {"PGPASSWORD": "POSTGRES_PASSWORD"}, "redis": {"REDISCLI_AUTH": "REDIS_PASSWORD"}}


class DockerRuntime:
    """Containers of this lab's own, in its own network, each with its ports on loopback."""

    kind = "docker"

    def __init__(
        self,
        stack: Stack,
        site: Site,
        *,
        clock: Clock | None = None,
        options: Options | None = None,
    ) -> None:
        self._stack = stack
        self._site = site
        self._clock = clock or SystemClock()
        self._options = options or Options()
        self._places = Places(site.folder)
        self._engine = Engine(site.id)
        self._chronicle = Chronicle(self._engine, self._places)
        self.capabilities = _capabilities(self._engine)

    def apply(self, want: Wanted) -> None:
        self._check(want)
        self._places.make()
        before = layout.unseal(self._places.wanted)
        layout.seal(self._places.wanted, {"wanted": want.to_json()})
        block = ports.claim(self._base(), self._site.id) if self._base() is None else None
        try:
            if block:
                layout.write(self._places.ports, {"base": block.base})
            settings.render(self._stack, self._places, want)
            earlier = Wanted.from_json(before["wanted"]) if before else None
            late = self._keeper().reach(want, _touched(earlier, want))
        finally:
            if block:
                block.release()
        if late:
            raise RuntimeFailed(
                "\n".join(self._describe(each) for each in late), hint=f"labctl logs {late[0].component}"
            )

    def wanted(self) -> Wanted:
        plain = layout.unseal(self._places.wanted)
        if plain is None:
            raise UsageError(f"the lab {self._site.name} is not up", hint="labctl up")
        return Wanted.from_json(plain["wanted"])

    def observe(self) -> list[Replica]:
        planned = self._plan().active
        if not planned:
            return []
        self._chronicle.catch_up()
        found = observation.replicas(
            self._stack, planned, self._engine.containers(), self._chronicle.lives(), self._engine
        )
        fresh = {each.name: each.component for each in found if each.state == "ready"}
        self._chronicle.ready(fresh)
        return found

    def address(self, name: str) -> Address:
        base = self._base()
        if base is None:
            raise UsageError(f"the lab {self._site.name} is not up", hint="labctl up")
        fixed = fixed_ports(self._stack, base)
        if name in self._stack.links:
            return Address(HOST, fixed[WIRE, self._stack.links[name].listen])
        component = self._stack[name]
        if (name, component.port) in fixed:
            return Address(HOST, fixed[name, component.port])
        planned = self._plan().of(name)
        if not planned:
            raise RuntimeFailed(f"{name}: no replica runs", hint=f"labctl logs {name}")
        ready = observation.answering(self._stack, planned)
        best = min(planned, key=lambda each: each.name not in ready)
        return Address(HOST, best.ports[str(component.port)])

    def signal(self, replica: str, what: Signal) -> None:
        container = self._living(replica)
        with self._chronicle.doing(container["Id"]):
            if what is Signal.FREEZE:
                self._engine.pause(container["Id"])
                return
            self._engine.thaw(container["Id"])
            if what is Signal.KILL:
                # From inside: what is killed through the engine is what was asked for, not restarted.
                self._engine.execute(container["Id"], [*OURS, "sh", "-c", "kill -KILL -1"], {})

    def run(self, component: str, argv: Sequence[str], *, timeout_s: float = 30.0) -> Result:
        self._stack[component]
        _, container, given = self._inside(component, argv)
        limit = ["timeout", "--kill-after=1", f"{timeout_s:g}"]
        result = Result(*self._engine.execute(container["Id"], [*OURS, *limit, *argv], given))
        if result.exit_code == _TIMED_OUT:
            raise RuntimeFailed(f"{Path(argv[0]).name} did not end within {timeout_s:g} s")
        return result

    def beside(self, name: str, argv: Sequence[str], *, terminal: bool) -> Beside:
        replica, container, given = self._inside(name, argv)
        passed = [word for variable in given for word in ("--env", variable)]  # its value: from our own
        command = ["docker", "exec", "-it" if terminal else "-i", *passed, container["Id"], *OURS, *argv]
        return Beside(replica, tuple(command), {**os.environ, "DOCKER_HOST": engine.host(), **given})

    def _inside(self, name: str, argv: Sequence[str]) -> tuple[str, Plain, dict[str, str]]:
        """A running replica, its container, and what its own clients want in their environment."""
        containers = self._engine.containers()
        for each in self._plan().active:
            if name in (each.name, each.component) and observation.is_running(containers.get(each.name)):
                clients = _CLIENTS.get(self._stack[each.component].recipe, {})
                given = {variable: self._site.secrets.get(key, "") for variable, key in clients.items()}
                return each.name, containers[each.name], given
        raise RuntimeFailed(
            f"{name}: no replica runs to run {argv[0]} beside",
            hint=f"labctl status, labctl logs {name.rstrip('0123456789').rstrip('-')}",
        )

    def logs(self, component: str, *, since_wall_s: float = 0.0, follow: bool = False) -> Iterator[Line]:
        self._stack[component]
        return output.lines(
            self._engine, self._places.logs, component, since_wall_s=since_wall_s, follow=follow
        )

    def events(self, since: int = 0) -> Iterator[Event]:
        return self._chronicle.read(since)

    def destroy(self) -> None:
        containers = [each["Id"] for each in self._engine.containers().values()]
        all_at_once(self._engine.remove, containers)
        self._engine.remove_networks()
        self._engine.remove_volumes(self._engine.volumes())
        self._places.remove()

    def _keeper(self) -> Keeper:
        plan = self._plan()
        base = self._base() or 0
        fixed = fixed_ports(self._stack, base)
        rotation = ports.Rotation(base + len(fixed), base + ports.SIZE)

        def doors(component: Component) -> dict[str, int]:
            own = {str(inside): port for (name, inside), port in fixed.items() if name == component.name}
            return own or {str(component.port): rotation.next(plan.ports)}

        return Keeper(
            self._stack,
            self._site,
            self._engine,
            self._chronicle,
            self._places,
            plan,
            self._clock,
            self._options,
            doors,
        )

    def _plan(self) -> Plan:
        return Plan.read(self._places.plan)

    def _base(self) -> int | None:
        base: int | None = (layout.read(self._places.ports) or {}).get("base")
        return base

    def _check(self, want: Wanted) -> None:
        for name, component in self._stack.components.items():
            if component.published and want[name].replicas > 1:
                raise UsageError(f"{name} can run once or not at all, not {want[name].replicas} times")
        for name in want.components:
            self._stack[name]
        needed = {images.tagged(each.image) for each in self._stack.components.values()}
        missing = sorted(each for each in needed if not self._engine.has_image(each))
        if missing:
            raise CannotRunHere(
                f"the Docker engine lacks {', '.join(missing)}", hint="labctl doctor --fix --runtime docker"
            )

    def _living(self, replica: str) -> Plain:
        planned = {each.name for each in self._plan().active}
        if replica not in planned:
            raise UsageError(f"there is no replica {replica!r}; there are {', '.join(sorted(planned))}")
        container = self._engine.containers().get(replica)
        if container is None or not observation.is_running(container):
            raise RuntimeFailed(f"{replica} does not run", hint="labctl status")
        return container

    def _describe(self, planned: Planned) -> str:
        container = self._engine.containers().get(planned.name)
        self._chronicle.catch_up()
        life = self._chronicle.lives().get(planned.name)
        status = container["State"]["Status"] if container else "gone"
        exit_code = f", last exit {life.exit_code}" if life and life.exit_code is not None else ""
        oom = f", {life.oom_kills} out-of-memory kills" if life and life.oom_kills else ""
        said = output.last_lines(self._engine, container["Id"], _LAST_LINES) if container else []
        head = (
            f"{planned.component}: {planned.name} is not ready after {self._options.start_deadline_s:g} s: "
            f"{status}{exit_code}, {life.restarts if life else 0} restarts{oom}"
        )
        return "\n".join([head, *(f"    {line}" for line in said)])


def _touched(before: Wanted | None, want: Wanted) -> set[str]:
    """The components that this wish is about; all of them when it repeats the last."""
    if before is None or before == want:
        return set(want.components)
    return {name for name in want.components if before.components.get(name) != want[name]}


def capabilities_here() -> frozenset[Capability]:
    """What this machine's engine can do; nothing where none answers."""
    return _capabilities(Engine(""))


def _capabilities(docker: Engine) -> frozenset[Capability]:
    """What this engine can do; nothing where none answers."""
    try:
        info: dict[str, Any] = docker.info()
    except LabError:
        return frozenset()
    able = {
        Capability.MEMORY_LIMIT: info.get("MemoryLimit"),
        Capability.CPU_LIMIT: info.get("CpuCfsQuota"),
        Capability.FREEZE: True,
    }
    return frozenset(capability for capability, can in able.items() if can)
