"""The Docker engine, seen by one lab: only what bears its label. Foreign errors become ours here."""

from __future__ import annotations

import socket
import struct
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from os import environ
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.utils.socket import STDERR, STDOUT

from labctl.errors import CannotRunHere, RuntimeFailed

LABEL = "incident-lab"
"""The label whose value is the lab's id; nothing without it is ever touched."""

COMPONENT, REPLICA = "incident-lab.component", "incident-lab.replica"
HOME, NAME = "incident-lab.home", "incident-lab.name"

MIB = 1024 * 1024
UNLIMITED = 1 << 50
"""Bytes that nobody has: the engine lets nobody take a limit away, only raise it."""

_TIMEOUT_S = 60
_AT_ONCE = 8
_PERIOD_US = 100_000
_FRAME = struct.Struct(">BxxxL")

Plain = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the SDK as LabErrors that say what the engine said."""
    try:
        yield
    except APIError as error:
        raise RuntimeFailed(f"the Docker engine says: {error.explanation or error}") from error
    except (DockerException, requests.RequestException) as error:
        raise CannotRunHere(
            f"no Docker engine answers: {error}", hint="labctl doctor --fix --runtime docker"
        ) from error


def host() -> str:
    """Where the engine listens: `DOCKER_HOST`, else the current context of the docker command."""
    given = environ.get("DOCKER_HOST")
    if given:
        return given
    try:
        context = docker.ContextAPI.get_current_context()
    except (DockerException, OSError, ValueError):
        return "unix:///var/run/docker.sock"
    return str(context.Host) if context and context.Host else "unix:///var/run/docker.sock"


def is_there() -> bool:
    """Whether something listens there; quick, and no promise that it is an engine."""
    where = host()
    if not where.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(where.removeprefix("unix://"))
        except OSError:
            return False
    return True


def limits(memory_mb: int | None, cpus: float | None) -> Plain:
    """Limits as the engine's `update` takes them; memory and swap change together."""
    memory = memory_mb * MIB if memory_mb else UNLIMITED
    return {
        "Memory": memory,
        "MemorySwap": memory,
        "CpuPeriod": _PERIOD_US,
        "CpuQuota": round(cpus * _PERIOD_US) if cpus else -1,
    }


def all_at_once(work: Callable[[T], R], items: list[T]) -> list[R]:
    """The results of a call for each item, made side by side; the first error is raised when all ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(work, items))


def demultiplexed(data: bytes) -> tuple[bytes, bytes]:
    """What a program printed, and what it complained of, out of the frames in which the engine sends both."""
    said = {STDOUT: bytearray(), STDERR: bytearray()}
    at = 0
    while at + _FRAME.size <= len(data):
        stream, length = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        said[stream] += data[at : at + length]
        at += length
    return bytes(said[STDOUT]), bytes(said[STDERR])


class Engine:
    """The engine for one lab. Containers are plain mappings, as `docker inspect` shows them."""

    def __init__(self, lab: str) -> None:
        self._lab = lab
        self._client: Any = None

    @property
    def api(self) -> Any:
        """The SDK's client, opened on first use and closed with this object."""
        if self._client is None:
            if not is_there():  # the SDK would find out, too, and leave its socket open
                raise CannotRunHere(
                    f"no Docker engine answers: nothing listens at {host()}",
                    hint="labctl doctor --fix --runtime docker",
                )
            with translated():
                client = docker.APIClient(
                    base_url=host(), version="auto", timeout=_TIMEOUT_S, num_pools=_AT_ONCE + 2
                )
            self._client = client
            weakref.finalize(self, client.close)
        return self._client

    def info(self) -> Plain:
        with translated():
            found: Plain = self.api.info()
            return found

    def containers(self) -> dict[str, Plain]:
        """Every container of the lab by replica, as inspected now."""
        with translated():
            listed = self.api.containers(all=True, filters=self._ours)
            inspected = all_at_once(self._inspect, [each["Id"] for each in listed])
        found = [each for each in inspected if each]
        return {each["Config"]["Labels"].get(REPLICA, each["Name"].lstrip("/")): each for each in found}

    def usage(self, identity: str) -> Plain:
        """One reading of memory and CPU; empty when the container has gone."""
        try:
            with translated():
                found: Plain = self.api.stats(identity, stream=False, one_shot=True)
        except RuntimeFailed:
            return {}
        return found

    def events(self, since: str, until: float) -> list[Plain]:
        """What happened to the lab's containers between two times, in order."""
        with translated():
            filters = {**self._ours, "type": "container"}
            return list(self.api.events(since=since, until=f"{until:.9f}", filters=filters, decode=True))

    def stop(self, identity: str, grace_s: float) -> None:
        """Ask it to end, kill it after the grace; fine when it has gone."""
        with self._unless_gone():
            self._thaw(identity)
            self.api.stop(identity, timeout=max(1, round(grace_s)))

    def restart(self, identity: str, grace_s: float) -> None:
        with translated():
            self._thaw(identity)
            self.api.restart(identity, timeout=max(1, round(grace_s)))

    def start(self, identity: str) -> None:
        with translated():
            self.api.start(identity)

    def remove(self, identity: str) -> None:
        """Kill and remove it; fine when it has gone."""
        with self._unless_gone():
            self._thaw(identity)
            self.api.remove_container(identity, v=True, force=True)

    def pause(self, identity: str) -> None:
        with translated():
            self.api.pause(identity)

    def thaw(self, identity: str) -> None:
        with translated():
            self._thaw(identity)

    def update(self, identity: str, memory_mb: int | None, cpus: float | None) -> None:
        """Change limits in place; RuntimeFailed when the engine refuses, as below the use of now."""
        with translated():
            url = self.api._url("/containers/{0}/update", identity)  # noqa: SLF001 — its update() lacks -1
            answer = self.api._post_json(url, data=limits(memory_mb, cpus))  # noqa: SLF001
            self.api._raise_for_status(answer)  # noqa: SLF001

    def execute(self, identity: str, argv: list[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Run a program inside; its exit code and what it printed."""
        with translated():
            made = self.api.exec_create(identity, argv, environment=dict(environment))
            # Not the SDK's own reading: that loses what is printed before it takes over the connection.
            url = self.api._url("/exec/{0}/start", made["Id"])  # noqa: SLF001
            wish = {"Tty": False, "Detach": False}
            with closing(self.api._post_json(url, data=wish, stream=True, timeout=None)) as answer:  # noqa: SLF001
                self.api._raise_for_status(answer)  # noqa: SLF001
                out, err = demultiplexed(answer.content)
            code = self.api.exec_inspect(made["Id"])["ExitCode"]
        return int(code or 0), out.decode(errors="replace"), err.decode(errors="replace")

    def log(self, identity: str, since_wall_s: float = 0.0, tail: int | str = "all") -> bytes:
        """What a container printed, each line after its time; empty when it has gone."""
        try:
            with translated():
                found: bytes = self.api.logs(
                    identity, timestamps=True, since=float(since_wall_s) or None, tail=tail
                )
        except RuntimeFailed:
            return b""
        return found

    def volumes(self) -> list[str]:
        """The names of the lab's volumes."""
        with translated():
            return [each["Name"] for each in self.api.volumes(filters=self._ours)["Volumes"] or []]

    def remove_volumes(self, names: Collection[str]) -> None:
        """Remove those of these volumes that are the lab's."""
        for name in self.volumes() if names else []:
            if name in names:
                with self._unless_gone():
                    self.api.remove_volume(name, force=True)

    def remove_networks(self) -> None:
        with translated():
            found = self.api.networks(filters=self._ours)
        for network in found:
            with self._unless_gone():
                self.api.remove_network(network["Id"])

    def has_image(self, name: str) -> bool:
        with translated():
            try:
                self.api.inspect_image(name)
            except NotFound:
                return False
            return True

    @property
    def _ours(self) -> Plain:
        return {"label": f"{LABEL}={self._lab}"}

    def _inspect(self, identity: str) -> Plain | None:
        try:
            found: Plain = self.api.inspect_container(identity)
        except NotFound:
            return None
        return found

    def _thaw(self, identity: str) -> None:
        found = self._inspect(identity)
        if found and found["State"]["Paused"]:
            self.api.unpause(identity)

    @contextmanager
    def _unless_gone(self) -> Iterator[None]:
        with translated():
            try:
                yield
            except NotFound:
                return
            except APIError as error:
                if error.status_code != 409 or "already in progress" not in str(error):
                    raise
