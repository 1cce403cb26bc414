"""Replicas as they are: what the engine inspects, what their events tell, and whether they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from labctl.runtimes.base import Address, Replica, State
from labctl.runtimes.docker import usage
from labctl.runtimes.docker.chronicle import Life
from labctl.runtimes.docker.engine import MIB, UNLIMITED, Engine, Plain, all_at_once
from labctl.runtimes.docker.plan import Planned
from labctl.runtimes.docker.usage import Usage
from labctl.runtimes.local.fixed import HOST
from labctl.runtimes.local.probe import Probe
from labctl.runtimes.local.recipes import recipe
from labctl.stack.compose import Component, Stack
from labctl.stack.wanted import Limits


def probe(component: Component) -> Probe:
    """How a component is asked whether it can serve: from outside, as an exec in each would cost a core."""
    return recipe(component.recipe).probe or Probe.named(component.ready)


def answering(stack: Stack, planned: Iterable[Planned]) -> set[str]:
    """Those replicas, by name, that can serve now; all are asked at once."""
    asked = list(planned)
    if not asked:
        return set()
    answers = asyncio.run(_ask([(probe(stack[each.component]), _door(stack, each)) for each in asked]))
    return {each.name for each, answer in zip(asked, answers, strict=True) if answer}


def is_running(container: Plain | None) -> bool:
    """Whether its program runs, frozen or not."""
    return bool(container and container["State"]["Running"] and not container["State"]["Restarting"])


def replicas(
    stack: Stack,
    planned: list[Planned],
    containers: Mapping[str, Plain],
    lives: Mapping[str, Life],
    docker: Engine,
) -> list[Replica]:
    """One `Replica` for each that is planned."""
    running = [each for each in planned if is_running(containers.get(each.name))]
    ready = answering(stack, [each for each in running if not containers[each.name]["State"]["Paused"]])
    used = all_at_once(lambda each: (each.name, usage.of(containers[each.name], docker)), running)
    uses = dict(used)
    return [
        _replica(
            stack,
            each,
            containers.get(each.name),
            lives.get(each.name, Life()),
            uses.get(each.name, Usage()),
            ready=each.name in ready,
        )
        for each in planned
    ]


def _replica(
    stack: Stack, planned: Planned, container: Plain | None, life: Life, used: Usage, *, ready: bool
) -> Replica:
    running = is_running(container)
    return Replica(
        name=planned.name,
        component=planned.component,
        state=_state(container, life, ready=ready),
        address=Address(HOST, _door(stack, planned)) if running else None,
        release=planned.release,
        identity=_identity(container) if container and running else "",
        limits=_limits(container) if container else planned.limits,
        started_wall_s=_seconds(container["State"]["StartedAt"]) if container else None,
        restarts=life.restarts,
        exit_code=life.exit_code,
        oom_kills=life.oom_kills,
        rss_mb=used.memory_mb,
        cpu_s=used.cpu_s,
    )


def _state(container: Plain | None, life: Life, *, ready: bool) -> State:
    if not is_running(container):
        return State.BACKOFF if container and container["State"]["Restarting"] else State.STOPPED
    if ready:
        return State.READY
    return State.UNREADY if life.ready else State.STARTING


def _identity(container: Plain) -> str:
    """Changes with every start of the same container."""
    return f"{container['Id'][:12]} {container['State']['StartedAt']}"


def _limits(container: Plain) -> Limits:
    host = container["HostConfig"]
    memory, quota, period = host["Memory"], host["CpuQuota"], host["CpuPeriod"]
    return Limits(
        memory_mb=memory // MIB if 0 < memory < UNLIMITED else None,
        cpus=round(quota / (period or 100_000), 3) if quota > 0 else None,
    )


def _seconds(text: str) -> float | None:
    if text.startswith("0001"):  # it has never been started
        return None
    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}+00:00").timestamp() + float(f"0.{fraction or 0}")


def _door(stack: Stack, planned: Planned) -> int:
    return planned.ports[str(stack[planned.component].port)]


async def _ask(questions: list[tuple[Probe, int]]) -> list[bool]:
    return await asyncio.gather(*(each.succeeds(port) for each, port in questions))
