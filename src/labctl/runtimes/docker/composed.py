"""The Compose file of what is planned: each replica is a service; pure.

Everything comes from the stack's own file, with its `${…}` filled in; what differs is said here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from labctl.runtimes.base import Site
from labctl.runtimes.docker import engine, images
from labctl.runtimes.docker.plan import Planned
from labctl.runtimes.local.fixed import HOST
from labctl.stack.compose import Component, Stack, Volume

SETTINGS = "settings"
"""The volume that is the lab's own folder of settings, bound as a folder: a file would not be renamed."""

_SHARES = {"lab": 8192}  # of CPU, against the engine's 1024: the witness and the wire before the shop
_LOG = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "2"}}


def project(site: Site) -> str:
    """What Compose calls the lab, and the start of every name in it."""
    return f"incident-lab-{site.name}-{site.id[:6]}"


def compose_file(stack: Stack, site: Site, planned: Iterable[Planned]) -> dict[str, Any]:
    """The whole file, to be written as JSON, which is YAML that nobody misreads."""
    replicas = list(planned)
    labels = {
        engine.LABEL: site.id,
        engine.NAME: site.name,
        engine.HOME: str(site.folder.parent.parent),
    }
    volumes = [
        volume_name(site, each, volume)
        for each in replicas
        for volume in stack[each.component].volumes
        if _is_data(volume)
    ]
    return {
        "name": project(site),
        "services": {each.name: _service(stack, site, each, labels) for each in replicas},
        "networks": {name: {"labels": labels} for name in _networks(stack)},
        "volumes": {name: {"name": name, "labels": labels} for name in volumes},
    }


def volume_name(site: Site, planned: Planned, volume: Volume) -> str:
    """Fresh data is another volume."""
    return f"{project(site)}-{planned.name}-{volume.source}-{planned.data}"


def data_volumes(stack: Stack, site: Site, planned: Planned) -> list[str]:
    """The volumes that hold a replica's data."""
    found = stack[planned.component].volumes
    return [volume_name(site, planned, volume) for volume in found if _is_data(volume)]


def _service(stack: Stack, site: Site, planned: Planned, labels: dict[str, str]) -> dict[str, Any]:
    component = stack[planned.component]
    limits = engine.limits(planned.limits.memory_mb, planned.limits.cpus)
    service: dict[str, Any] = {
        "image": images.tagged(component.image),
        "container_name": f"{project(site)}-{planned.name}",
        "hostname": planned.name,
        "labels": {**labels, engine.COMPONENT: planned.component, engine.REPLICA: planned.name},
        "environment": {
            name: value.replace("$", "$$") for name, value in _environment(component, site, planned).items()
        },
        "ports": [f"{HOST}:{port}:{inside}" for inside, port in planned.ports.items()],
        "networks": {name: {"aliases": [planned.component]} for name in component.networks or ("default",)},
        "dns": [HOST],  # the watchdog, which knows nobody: what no running replica bears ends there, at once
        "volumes": [_mount(site, planned, volume) for volume in component.volumes],
        "restart": component.restart,
        "stop_grace_period": f"{component.stop_grace_s:g}s",
        "cpu_shares": _SHARES.get(component.owner, 1024),
        "logging": _LOG,
        "pull_policy": "never",
        "tmpfs": list(component.tmpfs),
        "init": component.init,
        "read_only": component.read_only,
        "cap_add": list(component.cap_add),
        "cap_drop": list(component.cap_drop),
        "security_opt": list(component.security_opt),
    }
    if component.command:
        service["command"] = [word.replace("$", "$$") for word in component.command]
    if component.user:
        service["user"] = component.user
    if component.shm_mb:
        service["shm_size"] = f"{component.shm_mb}m"
    if planned.limits.memory_mb:
        service |= {"mem_limit": limits["Memory"], "memswap_limit": limits["MemorySwap"]}
    if planned.limits.cpus:
        # Not `cpus`: a container that was made with it refuses another quota for ever.
        service |= {"cpu_period": limits["CpuPeriod"], "cpu_quota": limits["CpuQuota"]}
    return service


def _environment(component: Component, site: Site, planned: Planned) -> dict[str, str]:
    found = {
        **component.environment_for(site.secrets),
        **planned.environment,
        "LISTEN_HOST": "0.0.0.0",  # noqa: S104 — inside its own network namespace
        "SERVICE_PORT": str(component.port),
        "REPLICA": planned.name,
        "SETTINGS_DIR": "/settings",
    }
    return {**found, "RELEASE": planned.release} if planned.release else found


def _mount(site: Site, planned: Planned, volume: Volume) -> dict[str, Any]:
    if volume.source == SETTINGS:
        kind, source = "bind", str(site.folder / "settings")
    elif _is_data(volume):
        kind, source = "volume", volume_name(site, planned, volume)
    else:
        kind, source = "bind", volume.source
    return {"type": kind, "source": source, "target": volume.target, "read_only": volume.read_only}


def _is_data(volume: Volume) -> bool:
    return volume.source != SETTINGS and volume.source[0] not in "./~"


def _networks(stack: Stack) -> list[str]:
    found = [name for each in stack.components.values() for name in each.networks or ("default",)]
    return list(dict.fromkeys(found))
