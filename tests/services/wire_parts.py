"""A wire in this process with an upstream behind it, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec

import uvloop

from wire import proxies as wire
from wire.proxies import Proxies
from wire.proxy import Proxy

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Address = tuple[str, int]
P = ParamSpec("P")


def on_uvloop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on the loop that the wire runs on: it differs from asyncio's in when it begins to read."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        uvloop.run(test(*args, **kwargs))

    return run


async def until(condition: Callable[[], Any], what: str, within_s: float = 5.0) -> None:
    """Wait for a condition, or fail naming it."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {within_s:g} s"
        await asyncio.sleep(0.005)


class Upstream:
    """A server that echoes, counts what it got, and half-closes when its client does."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.ends = 0
        self.connections = 0
        self.reading = asyncio.Event()
        self.reading.set()
        self.echo = True

    async def handle(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: Reader, writer: Writer) -> None:
        while True:
            await self.reading.wait()
            data = await reader.read(65536)
            if not data:
                self.ends += 1
                if self.echo:
                    writer.write(b" and goodbye")
                    await writer.drain()
                return
            self.received += data
            if self.echo:
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def upstream() -> AsyncIterator[tuple[Upstream, Address]]:
    made = Upstream()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[:2]
    finally:
        server.close()


@asynccontextmanager
async def proxied(*replicas: Address) -> AsyncIterator[Proxy]:
    """A proxy, enabled, in front of the replicas."""
    proxies = Proxies(lambda _: list(replicas))
    proxy = await proxies.create("link", ("127.0.0.1", 0), "store:1")
    try:
        yield proxy
    finally:
        proxy.stop()
        await until(lambda: not proxy.connections, "every connection ended")


def infect(proxy: Proxy, kind: str, stream: str = "downstream", **given: int) -> str:
    """Add a toxic as the API does; its name."""
    plain = {"type": kind, "stream": stream, "attributes": given}
    return wire.add_toxic(proxy, plain).name


async def ask(reader: Reader, writer: Writer, data: bytes = b"hello") -> float:
    """Send and await the echo of it; how long that took, in seconds."""
    began = asyncio.get_running_loop().time()
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    return asyncio.get_running_loop().time() - began
