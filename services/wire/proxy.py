"""One proxy: where it listens, where it forwards to, the toxics on it, the connections through it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

from shared.logs import Log
from wire.connection import Connection
from wire.lane import Lane
from wire.toxics import Toxic

CONNECT_TIMEOUT_S = 3.0
ADDRESSES_FRESH_S = 0.1
BACKLOG = 1024

Resolve = Callable[[str], list[tuple[str, int]]]

_LOG = Log("wire")


class Stream(StrEnum):
    UPSTREAM = "upstream"  # what clients send
    DOWNSTREAM = "downstream"  # what they get


@dataclass(frozen=True)
class Applied:
    """A toxic on a proxy; `toxicity` is the share of connections that it touches."""

    name: str
    kind: str
    stream: Stream
    toxicity: float
    toxic: Toxic


class Proxy:
    """Listens while it is enabled; each connection goes to the next replica that accepts it."""

    def __init__(self, name: str, listen: tuple[str, int], upstream: str, resolve: Resolve) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.toxics: dict[str, Applied] = {}
        self.connections: set[Connection] = set()
        self._resolve = resolve
        self._server: asyncio.Server | None = None
        self._turn = count()
        self._addresses: list[tuple[str, int]] = []
        self._resolved_at = float("-inf")
        self._failing = False

    @property
    def enabled(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        """Accept connections; OSError when the port is taken. Port 0 becomes a free one."""
        if self._server is None:
            host, port = self.listen
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._accept, host, port, backlog=BACKLOG)
            self.listen = (host, self._server.sockets[0].getsockname()[1])

    def stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def stop(self) -> None:
        """Refuse connections and cut those that exist."""
        self.stop_accepting()
        for connection in list(self.connections):
            connection.abort()

    def add(self, applied: Applied) -> None:
        self.toxics[applied.name] = applied
        for connection in self.connections:
            self._infect(connection, applied)

    def retune(self, applied: Applied) -> None:
        """Other parameters, or another toxicity, for a toxic that exists."""
        before = self.toxics[applied.name]
        self.toxics[applied.name] = applied
        for connection in self.connections:
            if applied.toxicity != before.toxicity:
                _lane(connection, applied).remove(applied.name)
                self._infect(connection, applied)
            else:
                _lane(connection, applied).retune(applied.name, applied.toxic)

    def remove(self, name: str) -> None:
        applied = self.toxics.pop(name)
        for connection in list(self.connections):
            _lane(connection, applied).remove(name)

    def clear(self) -> None:
        for name in list(self.toxics):
            self.remove(name)

    def _infect(self, connection: Connection, applied: Applied) -> None:
        if random.random() < applied.toxicity:  # noqa: S311
            _lane(connection, applied).add(applied.name, applied.toxic)

    def _accept(self) -> asyncio.Protocol:
        connection = Connection(self._dial, self.connections.discard)
        self.connections.add(connection)
        for applied in self.toxics.values():
            self._infect(connection, applied)
        return connection.client

    async def _dial(self, protocol: Callable[[], asyncio.Protocol]) -> bool:
        loop = asyncio.get_running_loop()
        seen = "it has no address"
        for host, port in await self._replicas():
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await loop.create_connection(protocol, host, port)
            except OSError as error:  # a timeout is one
                seen = f"{host}:{port}: {error or 'no answer'}"
            else:
                self._report(None)
                return True
        self._report(seen)
        return False

    async def _replicas(self) -> list[tuple[str, int]]:
        """Where to try, in turn: each connection begins with another replica."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._resolved_at > ADDRESSES_FRESH_S:
            # DNS may block for seconds; every other connection would wait with this one.
            try:
                self._addresses = await loop.run_in_executor(None, self._resolve, self.upstream)
            except OSError:
                self._addresses = []
            self._resolved_at = loop.time()
        first = next(self._turn) % max(1, len(self._addresses))
        return self._addresses[first:] + self._addresses[:first]

    def _report(self, seen: str | None) -> None:
        # A line when it begins and one when it ends: a line per connection would be a flood.
        if seen and not self._failing:
            _LOG.warning("cannot connect", link=self.name, to=self.upstream, error=seen)
        elif self._failing and not seen:
            _LOG.info("connected again", link=self.name, to=self.upstream)
        self._failing = seen is not None


def _lane(connection: Connection, applied: Applied) -> Lane:
    return connection.upstream if applied.stream is Stream.UPSTREAM else connection.downstream
