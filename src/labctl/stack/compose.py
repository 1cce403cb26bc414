"""The stack as `docker-compose.yml` declares it: the one truth that every runtime reads.

The file is a strict, typed subset of Compose (`compose_file.py` has the keys) with one extension,
`x-lab`. All its mistakes are reported at once with their place (`compose_checks.py` has the rules).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from labctl import assets
from labctl.errors import InvalidFile, UsageError
from labctl.stack import release
from labctl.stack.compose_checks import disagreements
from labctl.stack.compose_file import ComposeFile, HealthCheck, Service
from labctl.stack.interpolation import interpolate
from labctl.stack.strict_yaml import Document, did_you_mean, read
from labctl.stack.typed import typed
from labctl.stack.wanted import Limits, Want, Wanted


@dataclass(frozen=True)
class Link:
    """A connection that runs through `wire`: `component` reaches `to` at the port where wire listens."""

    name: str
    listen: int
    to: str  # "postgres:5432"
    variable: str  # that tells the component the address
    component: str  # the user of the link


@dataclass(frozen=True)
class Volume:
    """A named volume, or a host path, inside a component."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Component:
    """One member of the stack; `environment` still has its `${…}`."""

    name: str
    owner: str  # "shop", "third-party" or "lab"
    recipe: str
    ready: str  # an HTTP path, or "tcp"
    metrics: str | None  # the HTTP path that Prometheus scrapes
    port: int  # the first that it exposes
    ports: tuple[int, ...]
    published: tuple[int, ...]
    image: str
    environment: Mapping[str, str]
    limits: Limits
    replicas: int
    depends_on: tuple[str, ...]
    links: tuple[Link, ...]
    stop_grace_s: float
    # What follows is for containers; plain processes have no use for it.
    networks: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    tmpfs: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str | None = None
    restart: str = "no"
    init: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    healthcheck: HealthCheck | None = None
    shm_mb: int | None = None

    def environment_for(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The environment with every `${…}` replaced; UsageError for a variable without a value."""
        filled = {}
        for name, value in self.environment.items():
            try:
                filled[name] = interpolate(value, variables)
            except KeyError as error:
                variable, why = error.args
                raise UsageError(f"{self.name}: {name} needs the variable {variable}: {why}") from None
        return filled


@dataclass(frozen=True)
class Stack:
    """Every component by name, and every link of `wire` by name."""

    name: str
    components: Mapping[str, Component]
    links: Mapping[str, Link]

    def __getitem__(self, component: str) -> Component:
        try:
            return self.components[component]
        except KeyError:
            hint = did_you_mean(component, self.components) or f"there are {', '.join(self.components)}"
            raise UsageError(f"there is no component {component!r}", hint=hint) from None

    def start_order(self) -> list[str]:
        """Component names, each after everything that it depends on."""
        sorter = TopologicalSorter({name: each.depends_on for name, each in self.components.items()})
        return list(sorter.static_order())

    def owned_by(self, owner: str) -> list[str]:
        return [name for name, component in self.components.items() if component.owner == owner]


def load_stack(path: Path | None = None) -> Stack:
    """The stack in a Compose file, by default the lab's own; InvalidFile with every mistake.

    What has a profile is not part of it: people start that by hand.
    """
    document = read(path or assets.path("docker-compose.yml"))
    file = typed(_without_templates(document), ComposeFile)
    mistakes = disagreements(document, file)
    if mistakes:
        raise InvalidFile(mistakes)
    members = {name: service for name, service in file.services.items() if not service.profiles}
    components = {name: _component(name, service) for name, service in members.items()}
    links = {link.name: link for component in components.values() for link in component.links}
    return Stack(file.name, components, links)


def baseline(stack: Stack) -> Wanted:
    """The healthy stack as it ships: base releases, declared limits and replicas, no flag changed."""
    released = release.components()
    return Wanted(
        {
            name: Want(
                release=release.base(name) if component.recipe == "service" and name in released else None,
                replicas=component.replicas,
                limits=component.limits,
            )
            for name, component in stack.components.items()
        }
    )


def _without_templates(document: Document) -> Document:
    """The document without its `x-…` templates, which count only where they are merged."""
    if not isinstance(document.data, dict):
        return document
    kept = {key: value for key, value in document.data.items() if not key.startswith("x-")}
    return document.with_data(kept)


def _component(name: str, service: Service) -> Component:
    lab = service.lab
    return Component(
        name=name,
        owner=lab.owner,
        recipe=lab.recipe,
        ready=lab.ready,
        metrics=lab.metrics,
        port=service.expose[0],
        ports=tuple(service.expose),
        published=tuple(service.ports),
        image=service.image,
        environment=dict(service.environment),
        limits=Limits(service.mem_limit, service.cpus),
        replicas=service.scale,
        depends_on=tuple(service.depends_on),
        links=tuple(
            Link(link, entry.listen, entry.to, entry.variable, name) for link, entry in lab.links.items()
        ),
        stop_grace_s=service.stop_grace_period,
        networks=tuple(service.networks),
        volumes=tuple(_volume(text) for text in service.volumes),
        tmpfs=tuple(service.tmpfs),
        command=tuple(service.command),
        user=service.user,
        restart=service.restart,
        init=service.init,
        read_only=service.read_only,
        cap_add=tuple(service.cap_add),
        cap_drop=tuple(service.cap_drop),
        security_opt=tuple(service.security_opt),
        healthcheck=service.healthcheck,
        shm_mb=service.shm_size,
    )


def _volume(text: str) -> Volume:
    source, target, *mode = text.split(":")
    return Volume(source, target, mode == ["ro"])
