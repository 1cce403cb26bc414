"""The replicas that should exist, written down before anything is done about them: run/replicas.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labctl.runtimes.local import layout
from labctl.stack.wanted import Limits, Want


@dataclass(frozen=True)
class Planned:
    """One replica as it should be."""

    name: str  # "checkout-3"
    component: str
    ports: Mapping[str, int]  # from the port in the container to the one on loopback
    release: str | None
    environment: Mapping[str, str]
    limits: Limits
    restarts: int = 0  # how many of the wanted ones are done
    data: int = 0  # which folder of data it is on
    retiring: bool = False

    @property
    def ordinal(self) -> int:
        return int(self.name.rpartition("-")[2])

    def is_edition(self, want: Want) -> bool:
        """Whether release and environment are those that are wanted."""
        return self.release == want.release and dict(self.environment) == dict(want.environment)


@dataclass
class Plan:
    """Every replica by name. Each change is on disk when the call returns."""

    path: Path
    replicas: dict[str, Planned] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)  # the highest ordinal that a component has had

    @classmethod
    def read(cls, path: Path) -> Plan:
        """What is on disk; empty when nothing is."""
        plain = layout.read(path) or {"replicas": [], "last": {}}
        replicas = [Planned(**{**each, "limits": Limits(**each["limits"])}) for each in plain["replicas"]]
        return cls(path, {each.name: each for each in replicas}, plain["last"])

    def of(self, component: str) -> list[Planned]:
        """A component's replicas that are to stay, the oldest first."""
        found = [each for each in self.replicas.values() if each.component == component and not each.retiring]
        return sorted(found, key=lambda each: each.ordinal)

    @property
    def active(self) -> list[Planned]:
        return [each for each in self.replicas.values() if not each.retiring]

    @property
    def ports(self) -> set[int]:
        """Every port on loopback that belongs to a replica."""
        return {port for each in self.replicas.values() for port in each.ports.values()}

    def put(self, planned: Planned) -> Planned:
        self.replicas[planned.name] = planned
        self.last[planned.component] = max(self.last.get(planned.component, 0), planned.ordinal)
        self._write()
        return planned

    def edit(self, name: str, **changes: Any) -> Planned:
        return self.put(replace(self.replicas[name], **changes))

    def drop(self, names: Iterable[str]) -> None:
        for name in names:
            self.replicas.pop(name, None)
        self._write()

    def _write(self) -> None:
        plain = {"replicas": [asdict(each) for each in self.replicas.values()], "last": self.last}
        layout.write(self.path, plain)
