"""The local runtime as labctl sees it: it writes what is wanted and reads what the supervisor tells."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from labctl.clock import Clock, SystemClock
from labctl.errors import RuntimeFailed, UsageError
from labctl.runtimes.base import (
    Address,
    Beside,
    Capability,
    Event,
    Line,
    Replica,
    Result,
    Signal,
    Site,
    State,
)
from labctl.runtimes.local import history, layout, limits, output, start
from labctl.runtimes.local.fixed import HOST, WIRE, fixed_ports
from labctl.runtimes.local.identity import Identity
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.recipes import recipe
from labctl.stack.compose import Stack
from labctl.stack.flags import foreign
from labctl.stack.wanted import Limits, Wanted

_POLL_S = 0.03
_MARGIN_S = 60.0  # beyond the start deadline: the first initdb of a machine, stops with their grace
_LAST_LINES = 8


class LocalRuntime:
    """Real processes under a supervisor that outlives the command; everything on loopback."""

    kind = "local"
    capabilities = frozenset(Capability)

    def __init__(
        self,
        stack: Stack,
        site: Site,
        *,
        clock: Clock | None = None,
        options: start.Options | None = None,
    ) -> None:
        self._stack = stack
        self._site = site
        self._clock = clock or SystemClock()
        self._options = options or start.Options()
        self._places = Layout(site.folder)

    def apply(self, want: Wanted) -> None:
        self._check(want)
        self._places.make()
        before = layout.unseal(self._places.wanted)
        revision = before["revision"] + 1 if before else 1
        told = {"revision": revision, "wanted": want.to_json(), "foreign": sorted(foreign(self._stack))}
        layout.seal(self._places.wanted, told)
        state = self._await_settled(revision)
        touched = _touched(Wanted.from_json(before["wanted"]) if before else None, want)
        late = [each for each in state["replicas"] if each["name"] in state["late"]]
        late = [each for each in late if each["component"] in touched]
        if late:
            raise RuntimeFailed(
                "\n".join(self._describe(each) for each in late),
                hint=f"labctl logs {late[0]['component']}",
            )

    def wanted(self) -> Wanted:
        plain = layout.unseal(self._places.wanted)
        if plain is None:
            raise UsageError(f"the lab {self._site.name} is not up", hint="labctl up")
        return Wanted.from_json(plain["wanted"])

    def observe(self) -> list[Replica]:
        supervised = start.supervisor(self._places) is not None
        return [_replica(plain, supervised=supervised) for plain in self._state()["replicas"]]

    def address(self, name: str) -> Address:
        base = (layout.read(self._places.ports) or {}).get("base")
        if base is None:
            raise UsageError(f"the lab {self._site.name} is not up", hint="labctl up")
        fixed = fixed_ports(self._stack, base)
        if name in self._stack.links:
            return Address(HOST, fixed[WIRE, self._stack.links[name].listen])
        component = self._stack[name]
        if (name, component.port) in fixed:
            return Address(HOST, fixed[name, component.port])
        replicas = [each for each in self.observe() if each.component == name and each.address]
        best = sorted(replicas, key=lambda each: each.state is not State.READY)
        if not best or best[0].address is None:
            raise RuntimeFailed(f"{name}: no replica runs", hint=f"labctl logs {name}")
        return best[0].address

    def signal(self, replica: str, what: Signal) -> None:
        plain = self._living(replica)
        identity = Identity.parse(plain["identity"])
        mark = self._places.freeze_mark(replica, identity.pid)
        if what is Signal.FREEZE:
            mark.touch()
            identity.send_tree(signal.SIGSTOP)
        elif what is Signal.THAW:
            mark.unlink(missing_ok=True)
            identity.send_tree(signal.SIGCONT)
        else:
            identity.send_tree(signal.SIGKILL)

    def run(self, component: str, argv: Sequence[str], *, timeout_s: float = 30.0) -> Result:
        self._stack[component]
        return _run(self.beside(component, argv, terminal=False), timeout_s)

    def beside(self, name: str, argv: Sequence[str], *, terminal: bool) -> Beside:
        del terminal  # a process of this machine has the one that it is started from
        living = [
            each
            for each in self._state()["replicas"]
            if name in (each["component"], each["name"]) and _lives(each)
        ]
        if not living:
            raise RuntimeFailed(
                f"{name}: no replica runs to run {argv[0]} beside",
                hint=f"labctl status, labctl logs {name.rstrip('0123456789').rstrip('-')}",
            )
        replica = living[0]["name"]
        process = psutil.Process(Identity.parse(living[0]["identity"]).pid)
        try:
            environment, cwd = process.environ(), process.cwd()
            user, group = process.uids().real, process.gids().real
        except psutil.NoSuchProcess:
            raise RuntimeFailed(f"{replica} has just ended", hint="try again; labctl status") from None
        if os.getuid() != 0:
            return Beside(replica, tuple(argv), environment, cwd)
        return Beside(replica, tuple(argv), environment, cwd, user, group)

    def logs(self, component: str, *, since_wall_s: float = 0.0, follow: bool = False) -> Iterator[Line]:
        self._stack[component]
        return output.lines(self._places.logs, component, since_wall_s=since_wall_s, follow=follow)

    def events(self, since: int = 0) -> Iterator[Event]:
        return history.read(self._places.events, since)

    def destroy(self) -> None:
        start.end(self._site, self._clock)
        if self._places.data.is_dir():
            for component in self._stack.components.values():
                for data in self._places.data.glob(f"{component.name}-*/*"):
                    recipe(component.recipe).forget(data)
        self._places.remove()
        compiled = self._site.cache / "pycache" / str(self._site.folder.resolve()).lstrip("/")
        layout.remove(compiled)

    def _check(self, want: Wanted) -> None:
        for name, component in self._stack.components.items():
            recipe(component.recipe)
            if want[name].replicas > 1 and component.published:
                raise UsageError(f"{name} can run once or not at all, not {want[name].replicas} times")
        for name in want.components:
            self._stack[name]

    def _state(self) -> dict[str, Any]:
        told: dict[str, Any] | None = layout.read(self._places.state)
        return told or {"revision": 0, "settled": False, "replicas": [], "late": []}

    def _await_settled(self, revision: int) -> dict[str, Any]:
        """The supervisor's state once it has reached, or given up on, a revision; it is started if need be.

        A supervisor that dies meanwhile is replaced, since the wish is on disk; a second one is not.
        """
        deadline = self._clock.now() + self._options.start_deadline_s + _MARGIN_S
        for _ in range(2):
            supervisor = start.ensure(self._stack, self._site, self._clock, self._options)
            while supervisor.lives():
                state = self._state()
                if state["revision"] == revision and state["settled"]:
                    return state
                if self._clock.now() > deadline:
                    waiting = [each for each in state["replicas"] if each["state"] != State.READY]
                    said = "\n".join(self._describe(each) for each in waiting)
                    raise RuntimeFailed(f"not settled in time:\n{said}", hint="labctl status")
                self._clock.sleep(_POLL_S)
        said = "\n".join(output.last_lines(self._places.supervisor_log, _LAST_LINES))
        raise RuntimeFailed(f"the supervisor of {self._site.name} died:\n{said}", hint="labctl recover")

    def _describe(self, plain: dict[str, Any]) -> str:
        exit_code = f", last exit {plain['exit_code']}" if plain["exit_code"] is not None else ""
        oom = f", {plain['oom_kills']} out-of-memory kills" if plain["oom_kills"] else ""
        said = output.last_lines(self._places.log(plain["name"]), _LAST_LINES)
        head = (
            f"{plain['component']}: {plain['name']} is not ready after {self._options.start_deadline_s:g} s: "
            f"{plain['state']}{exit_code}, {plain['restarts']} restarts{oom}"
        )
        return "\n".join([head, *(f"    {line}" for line in said)])

    def _living(self, replica: str) -> dict[str, Any]:
        plains: dict[str, dict[str, Any]] = {each["name"]: each for each in self._state()["replicas"]}
        if replica not in plains:
            raise UsageError(f"there is no replica {replica!r}; there are {', '.join(sorted(plains))}")
        if not _lives(plains[replica]):
            raise RuntimeFailed(f"{replica} does not run; it is {plains[replica]['state']}")
        return plains[replica]


def _touched(before: Wanted | None, want: Wanted) -> set[str]:
    """The components that this wish is about; all of them when it repeats the last."""
    if before is None or before == want:
        return set(want.components)
    return {name for name in want.components if before.components.get(name) != want[name]}


def _lives(plain: dict[str, Any]) -> bool:
    return plain["identity"] is not None and Identity.parse(plain["identity"]).lives()


def _replica(plain: dict[str, Any], *, supervised: bool) -> Replica:
    """As the supervisor told, corrected by a look at the process."""
    lives = _lives(plain)
    state = State(plain["state"])
    if not lives and not supervised:
        state = State.STOPPED  # and nobody will start it
    elif not lives and state in {State.READY, State.UNREADY}:
        state = State.BACKOFF  # it has just died
    rss_mb, cpu_s = _use(Identity.parse(plain["identity"])) if lives else (0.0, 0.0)
    return Replica(
        name=plain["name"],
        component=plain["component"],
        state=state,
        address=Address(HOST, plain["port"]) if lives else None,
        release=plain["release"],
        identity=plain["identity"] or "",
        limits=Limits(**plain["limits"]),
        started_wall_s=plain["started_wall_s"],
        restarts=plain["restarts"],
        exit_code=plain["exit_code"],
        oom_kills=plain["oom_kills"],
        rss_mb=rss_mb,
        cpu_s=cpu_s,
    )


def _use(identity: Identity) -> tuple[float, float]:
    """Memory in MiB and CPU seconds of a process with its descendants, ended ones included."""
    family, cpu_s = identity.tree(), 0.0
    for each in family:
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(each.pid).cpu_times()
            cpu_s += times.user + times.system + times.children_user + times.children_system
    return limits.memory(family) / limits.MIB, cpu_s


def _run(beside: Beside, timeout_s: float) -> Result:
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            beside.argv,
            env=beside.environment,
            cwd=beside.cwd,
            user=beside.user,
            group=beside.group,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        return Result(127, "", f"{error.filename}: not found")
    except PermissionError as error:
        return Result(126, "", f"{error.filename}: may not be run")
    with child:
        try:
            stdout, stderr = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            spent_s = time.monotonic() - began
            raise RuntimeFailed(f"{Path(beside.argv[0]).name} did not end within {spent_s:.0f} s") from None
    return Result(child.returncode, stdout, stderr)
