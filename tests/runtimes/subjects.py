"""The runtimes under test, each with the means to make its replicas misbehave."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from labctl.clock import SystemClock, await_until
from labctl.runtimes.base import Address, Replica, Runtime, Site
from labctl.runtimes.docker.keeper import Options as DockerOptions
from labctl.runtimes.docker.runtime import DockerRuntime
from labctl.runtimes.fake import FakeRuntime
from labctl.runtimes.local.runtime import LocalRuntime
from labctl.runtimes.local.start import Options
from labctl.stack.compose import Stack, baseline
from labctl.stack.wanted import Wanted
from tests.runtimes import tiny

T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str, *, within_s: float = 10.0) -> T:
    """The first true value of `condition`."""
    return await_until(condition, what=what, within_s=within_s, clock=SystemClock(), every_s=0.02)


@dataclass
class Subject:
    """A runtime with its tiny stack."""

    runtime: Runtime
    stack: Stack
    site: Site

    @property
    def wanted(self) -> Wanted:
        return baseline(self.stack)

    def replicas(self, component: str) -> list[Replica]:
        return [each for each in self.runtime.observe() if each.component == component]

    def one(self, component: str) -> Replica:
        (replica,) = self.replicas(component)
        return replica

    def make_sick(self, wanted: Wanted, component: str) -> Wanted:
        """A wish whose replicas of this component can't start."""
        return wanted.edit(component, environment={"SICK": "yes"})

    def eat(self, replica: Replica, mb: int) -> None:
        raise NotImplementedError


class RealSubject(Subject):
    def eat(self, replica: Replica, mb: int) -> None:
        assert replica.address
        ask(replica.address, f"/eat?{mb}")


class FakeSubject(Subject):
    def make_sick(self, wanted: Wanted, component: str) -> Wanted:
        assert isinstance(self.runtime, FakeRuntime)
        self.runtime.sick[component] = f"{component} is not ready: too sick to start"
        return super().make_sick(wanted, component)

    def eat(self, replica: Replica, mb: int) -> None:
        assert isinstance(self.runtime, FakeRuntime)
        if replica.limits.memory_mb and mb > replica.limits.memory_mb:
            self.runtime.crash(replica.name, oom=True)


def open_subject(kind: str, folder: Path, name: str = "tiny") -> Subject:
    """`fake`, `docker`, `local`, or `local-sampling`, which keeps limits without cgroups."""
    stack, site = tiny.stack(folder), tiny.site(folder, name)
    if kind == "fake":
        return FakeSubject(FakeRuntime(stack, site), stack, site)
    if kind == "docker":
        patience = DockerOptions(start_deadline_s=6.0, drain_s=0.1)
        return RealSubject(DockerRuntime(stack, site, options=patience), stack, site)
    options = Options(by_cgroup=kind == "local", start_deadline_s=3.0, drain_s=0.1)
    return RealSubject(LocalRuntime(stack, site, options=options), stack, site)


def ask(address: Address, path: str = "/") -> dict[str, Any] | None:
    """The environment of the program that answers there; None when it hangs up, as when it was killed."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
    try:
        connection.request("GET", path)
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found
