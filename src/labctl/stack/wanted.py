"""Wanted: the desired state of a stack. Most actions are edits of it; a runtime makes it so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from labctl.errors import UsageError

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Limits:
    """What a replica may use; None is unlimited. `memory_mb` in MiB, `cpus` in cores."""

    memory_mb: int | None = None
    cpus: float | None = None


@dataclass(frozen=True)
class Want:
    """The desired state of one component.

    A changed `release` or `environment` replaces replicas, new before old. A raised `restarts`
    stops and starts in place; a raised `data` does so on fresh data.
    """

    release: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    replicas: int = 1
    limits: Limits = Limits()
    restarts: int = 0
    data: int = 0


@dataclass(frozen=True)
class Wanted:
    """The desired state of a whole stack; flags hold every name that differs from its default."""

    components: Mapping[str, Want]
    flags: Mapping[str, str] = field(default_factory=lambda: _EMPTY)

    def __getitem__(self, component: str) -> Want:
        try:
            return self.components[component]
        except KeyError:
            known = ", ".join(sorted(self.components))
            raise UsageError(f"there is no component {component!r}; there are {known}") from None

    def edit(self, component: str, **changes: Any) -> Wanted:
        """A copy in which one component differs."""
        edited = {**self.components, component: replace(self[component], **changes)}
        return replace(self, components=edited)

    def flag(self, name: str, value: str | None) -> Wanted:
        """A copy in which one flag has a value; None takes it back to its default."""
        flags = {key: old for key, old in self.flags.items() if key != name}
        return replace(self, flags=flags if value is None else {**flags, name: value})

    def to_json(self) -> str:
        plain = {
            "components": {
                name: {**vars(want), "environment": dict(want.environment), "limits": asdict(want.limits)}
                for name, want in self.components.items()
            },
            "flags": dict(self.flags),
        }
        return json.dumps(plain, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Wanted:
        plain = json.loads(text)
        components = {
            name: Want(**{**want, "limits": Limits(**want["limits"])})
            for name, want in plain["components"].items()
        }
        return cls(components=components, flags=plain["flags"])
