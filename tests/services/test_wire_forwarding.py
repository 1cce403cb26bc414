"""The wire without toxics: bytes, ends, back-pressure and replicas."""

from __future__ import annotations

import asyncio
import socket
from asyncio import open_connection

import pytest

from tests.services.wire_parts import ask, on_uvloop, proxied, until, upstream


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@on_uvloop
async def test_bytes_pass_both_ways() -> None:
    """What a client sends arrives upstream, and the answer comes back."""
    async with upstream() as (behind, address), proxied(address) as proxy:
        reader, writer = await open_connection(*proxy.listen)
        await ask(reader, writer, b"x" * 1_000_000)
        assert len(behind.received) == 1_000_000
        writer.close()


@on_uvloop
async def test_bytes_sent_before_the_upstream_is_connected_arrive() -> None:
    """A client may send, and even end its half, before there is an upstream."""
    async with upstream() as (behind, address), proxied(address) as proxy:
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"early")
        writer.write_eof()
        assert await reader.read() == b"early and goodbye"
        assert behind.ends == 1
        writer.close()


@on_uvloop
async def test_half_close_lets_the_answer_through() -> None:
    """A client that ends its half still gets what the upstream says after that end."""
    async with upstream() as (_, address), proxied(address) as proxy:
        reader, writer = await open_connection(*proxy.listen)
        await ask(reader, writer)
        writer.write_eof()
        assert await reader.read() == b" and goodbye"
        writer.close()
        await until(lambda: not proxy.connections, "the connection is forgotten")


@on_uvloop
async def test_a_vanished_client_ends_the_upstream_after_its_last_bytes() -> None:
    """Nothing that a client has sent is dropped because it has gone."""
    async with upstream() as (behind, address), proxied(address) as proxy:
        behind.echo = False
        _, writer = await open_connection(*proxy.listen)
        writer.write(b"last words" * 1000)
        await writer.drain()
        writer.close()
        await until(lambda: behind.ends == 1, "the upstream sees the end")
        assert behind.received == b"last words" * 1000
        await until(lambda: not proxy.connections, "the connection is forgotten")


@on_uvloop
async def test_an_upstream_that_does_not_read_stops_the_client() -> None:
    """Back-pressure reaches the sender instead of filling our memory, and nothing is lost by it."""
    size = 30_000_000
    async with upstream() as (behind, address), proxied(address) as proxy:
        behind.echo = False
        behind.reading.clear()
        _, writer = await open_connection(*proxy.listen)
        writer.write(b"x" * size)
        sending = asyncio.create_task(writer.drain())
        (connection,) = proxy.connections
        seen = -1
        while seen != connection.bytes:  # until it no longer grows
            seen = connection.bytes
            await asyncio.sleep(0.2)
        assert seen < size
        assert not sending.done()
        behind.reading.set()
        await asyncio.wait_for(sending, 10)
        await until(lambda: len(behind.received) == size, "everything arrives")
        writer.close()


@on_uvloop
async def test_connections_take_turns_over_replicas() -> None:
    """Each connection begins with the next replica."""
    async with upstream() as (one, first), upstream() as (two, second), proxied(first, second) as proxy:
        for _ in range(4):
            reader, writer = await open_connection(*proxy.listen)
            await ask(reader, writer)
            writer.close()
        assert (one.connections, two.connections) == (2, 2)


@on_uvloop
async def test_the_next_replica_is_tried_when_one_refuses() -> None:
    """A replica that is down costs nothing as long as another is up."""
    down = ("127.0.0.1", free_port())
    async with upstream() as (behind, address), proxied(down, address) as proxy:
        for _ in range(3):
            reader, writer = await open_connection(*proxy.listen)
            await ask(reader, writer)
            writer.close()
        assert behind.connections == 3


@on_uvloop
async def test_without_any_replica_the_client_is_reset() -> None:
    """Nobody there is an error at once, not a hang."""
    async with proxied(("127.0.0.1", free_port())) as proxy:
        reader, writer = await open_connection(*proxy.listen)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 2)
        writer.close()


@on_uvloop
async def test_a_disabled_proxy_refuses_and_cuts() -> None:
    """Down means down: existing connections end, new ones are refused, and enabling heals it."""
    async with upstream() as (_, address), proxied(address) as proxy:
        reader, writer = await open_connection(*proxy.listen)
        await ask(reader, writer)
        proxy.stop()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await open_connection(*proxy.listen)
        await proxy.start()
        reader, writer = await open_connection(*proxy.listen)
        await ask(reader, writer)
        writer.close()
