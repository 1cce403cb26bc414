"""What the supervisor is told at its start: the stack as plain processes need it, already resolved."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.runtimes.local.cgroup import weight
from labctl.runtimes.local.fixed import Ports, variables

if TYPE_CHECKING:
    from labctl.runtimes.base import Site
    from labctl.stack.compose import Component, Stack


@dataclass(frozen=True)
class Part:
    """One component; `published` maps its Compose ports to this lab's fixed ones."""

    name: str
    recipe: str
    ready: str  # an HTTP path, or "tcp"
    metrics: str | None
    port: int  # in the Compose file
    published: dict[str, int]
    environment: dict[str, str]
    command: list[str]
    depends_on: list[str]
    stop_grace_s: float
    nice: int
    weight: float  # of its control group, where it has one

    @property
    def is_single(self) -> bool:
        """It owns a fixed port or data, so that there is one at a time, replaced in place."""
        return bool(self.published)

    def port_of(self, compose_port: int) -> int | None:
        return self.published.get(str(compose_port))


@dataclass(frozen=True)
class Job:
    lab: str  # the lab's id
    folder: Path
    cache: Path
    secrets: dict[str, str]
    first_port: int  # of those that replicas get in turn
    end_port: int
    parts: dict[str, Part]
    order: list[str]  # each after everything that it depends on
    programs: dict[str, str]  # where this machine has what the recipes need, by their names in `tools`
    target_label: str  # by which a scrape job knows its own targets
    start_deadline_s: float = 30.0
    drain_s: float = 1.0
    cgroups: list[Path] = field(default_factory=list)  # where limits may be set; none: by sampling

    def to_plain(self) -> dict[str, Any]:
        plain = asdict(self)
        plain.update(
            folder=str(self.folder), cache=str(self.cache), cgroups=[str(path) for path in self.cgroups]
        )
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Job:
        return cls(
            **{
                **plain,
                "folder": Path(plain["folder"]),
                "cache": Path(plain["cache"]),
                "cgroups": [Path(path) for path in plain["cgroups"]],
                "parts": {name: Part(**part) for name, part in plain["parts"].items()},
            }
        )


def parts(stack: Stack, site: Site, ports: Ports) -> dict[str, Part]:
    """Every component of the stack with its environment resolved for this lab."""
    values = variables(stack, ports, site.secrets)
    return {
        component.name: _part(component, component.environment_for(values), ports)
        for component in stack.components.values()
    }


def _part(component: Component, environment: dict[str, str], ports: Ports) -> Part:
    return Part(
        name=component.name,
        recipe=component.recipe,
        ready=component.ready,
        metrics=component.metrics,
        port=component.port,
        published={str(port): ports[component.name, port] for port in component.published},
        environment=environment,
        command=list(component.command),
        depends_on=list(component.depends_on),
        stop_grace_s=component.stop_grace_s,
        # The witness and the wire before the shop: it must be them that are late last.
        nice=0 if component.owner == "lab" else 5,
        weight=8.0 if component.owner == "lab" else weight(5),
    )
