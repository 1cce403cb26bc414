"""Each toxic does what it says, on the stream it is put on, and can be taken away at any time."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import open_connection

import pytest

from tests.services.wire_parts import Address, ask, infect, on_uvloop, proxied, until, upstream
from wire import proxies as wire
from wire.lane import HIGH_WATER
from wire.toxics import KINDS


@on_uvloop
async def test_latency_delays_both_old_and_new_connections() -> None:
    """A pool's old connections feel a latency as soon as new ones do."""
    async with upstream() as (_, address), proxied(address) as proxy:
        old = await open_connection(*proxy.listen)
        assert await ask(*old) < 0.15
        infect(proxy, "latency", latency=200)
        new = await open_connection(*proxy.listen)
        assert await ask(*old) >= 0.199
        assert await ask(*new) >= 0.199
        for _, writer in (old, new):
            writer.close()


@on_uvloop
async def test_latency_does_not_add_up_over_chunks() -> None:
    """Chunks in flight together are late together: latency is no bandwidth limit."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "latency", latency=100)
        reader, writer = await open_connection(*proxy.listen)
        began = asyncio.get_running_loop().time()
        for number in range(10):
            writer.write(b"%d" % number)
            await asyncio.sleep(0.01)
        assert await reader.readexactly(10) == b"0123456789"
        assert asyncio.get_running_loop().time() - began < 0.8
        writer.close()


@on_uvloop
async def test_jitter_keeps_the_order() -> None:
    """Bytes with different delays still arrive in the order in which they were sent."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "latency", latency=10, jitter=10)
        reader, writer = await open_connection(*proxy.listen)
        sent = b"".join(b"%04d" % number for number in range(100))
        for first in range(0, len(sent), 4):
            writer.write(sent[first : first + 4])
            await asyncio.sleep(0)
        assert await reader.readexactly(len(sent)) == sent
        writer.close()


@on_uvloop
async def test_two_toxics_on_both_streams_add_up() -> None:
    """Stages follow each other, and each stream has its own."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "latency", "upstream", latency=40)
        infect(proxy, "latency", "downstream", latency=40)
        wire.add_toxic(proxy, {"name": "more", "type": "latency", "attributes": {"latency": 40}})
        reader, writer = await open_connection(*proxy.listen)
        assert await ask(reader, writer) >= 0.119
        writer.close()


@on_uvloop
async def test_toxicity_touches_only_its_share_of_connections() -> None:
    """Toxicity 0 touches none; every connection is as fast as before."""
    async with upstream() as (_, address), proxied(address) as proxy:
        wire.add_toxic(proxy, {"type": "latency", "toxicity": 0, "attributes": {"latency": 5000}})
        reader, writer = await open_connection(*proxy.listen)
        assert await ask(reader, writer) < 1
        wire.retune_toxic(proxy, "latency_downstream", {"toxicity": 1.0, "attributes": {"latency": 60}})
        assert await ask(reader, writer) >= 0.059
        writer.close()


@pytest.mark.parametrize(
    ("kind", "given"),
    [("latency", {"latency": 60_000}), ("bandwidth", {"rate": 0}), ("slow_close", {"delay": 60_000})],
)
@on_uvloop
async def test_removing_a_toxic_lets_go_of_what_it_held(kind: str, given: dict[str, int]) -> None:
    """Removal never hangs and loses nothing, not even the end of a stream."""
    async with upstream() as (_, address), proxied(address) as proxy:
        name = infect(proxy, kind, "downstream", **given)
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"held")
        writer.write_eof()
        (connection,) = proxy.connections
        await until(lambda: connection.bytes >= len("held and goodbye") + 4, "it waits in the toxic")
        proxy.remove(name)
        assert await asyncio.wait_for(reader.read(), 2) == b"held and goodbye"
        writer.close()


@on_uvloop
async def test_removing_the_first_of_two_keeps_the_order() -> None:
    """What the first toxic held comes after what the second holds already."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "latency", latency=0)
        wire.add_toxic(proxy, {"name": "last", "type": "latency", "attributes": {"latency": 50}})
        reader, writer = await open_connection(*proxy.listen)
        await ask(reader, writer, b"a")
        wire.retune_toxic(proxy, "latency_downstream", {"attributes": {"latency": 60_000}})
        writer.write(b"b")
        (connection,) = proxy.connections
        await until(lambda: connection.downstream.waiting == 1, "it waits in the first")
        proxy.remove("latency_downstream")
        writer.write(b"c")
        assert await asyncio.wait_for(reader.readexactly(2), 2) == b"bc"
        writer.close()


@on_uvloop
async def test_bytes_held_back_are_bounded() -> None:
    """A toxic that lets nothing through stops the sender before memory fills."""
    async with upstream() as (behind, address), proxied(address) as proxy:
        behind.echo = False
        name = infect(proxy, "bandwidth", "upstream", rate=0)
        _, writer = await open_connection(*proxy.listen)
        writer.write(b"x" * 10_000_000)
        (connection,) = proxy.connections
        await until(lambda: connection.upstream.waiting > HIGH_WATER, "the toxic is full")
        await asyncio.sleep(0.1)
        assert connection.upstream.waiting < 2 * HIGH_WATER
        proxy.remove(name)
        await until(lambda: len(behind.received) == 10_000_000, "everything arrives")
        writer.close()


@on_uvloop
async def test_bandwidth_limits_the_rate() -> None:
    """100 KB at 500 KB/s take a fifth of a second."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "bandwidth", rate=500)
        reader, writer = await open_connection(*proxy.listen)
        assert 0.15 < await ask(reader, writer, b"x" * 100_000) < 2
        writer.close()


@on_uvloop
async def test_timeout_swallows_and_closes() -> None:
    """Nothing comes through, then the connection ends; taking it away ends the others."""
    async with upstream() as (_, address), proxied(address) as proxy:
        name = infect(proxy, "timeout", timeout=50)
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"into the void")
        with contextlib.suppress(ConnectionResetError):  # its 50 ms were over before it had read that
            assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        await until(lambda: not proxy.connections, "the first connection is forgotten")
        wire.retune_toxic(proxy, name, {"attributes": {"timeout": 0}})
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"into the void")
        await until(lambda: sum(each.bytes for each in proxy.connections) == 26, "it was echoed, and lost")
        proxy.remove(name)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


@on_uvloop
async def test_reset_peer_resets() -> None:
    """The client sees a reset, not an orderly end."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "reset_peer", "upstream", timeout=10)
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"hello")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 2)
        writer.close()


@on_uvloop
async def test_limit_data_closes_after_the_limit() -> None:
    """Exactly the bytes of the limit pass, then the connection ends."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "limit_data", bytes=7)
        reader, writer = await open_connection(*proxy.listen)
        writer.write(b"0123456789")
        assert await asyncio.wait_for(reader.read(), 2) == b"0123456"
        writer.close()


@on_uvloop
async def test_slicer_cuts_without_loss() -> None:
    """Small pieces with pauses, the same bytes."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "slicer", average_size=100, size_variation=20, delay=1000)
        reader, writer = await open_connection(*proxy.listen)
        assert await ask(reader, writer, bytes(range(256)) * 8) >= 0.015
        writer.close()


@on_uvloop
async def test_slow_close_delays_only_the_end() -> None:
    """Bytes are as fast as ever; the end comes late."""
    async with upstream() as (_, address), proxied(address) as proxy:
        infect(proxy, "slow_close", delay=300)
        reader, writer = await open_connection(*proxy.listen)
        assert await ask(reader, writer) < 0.25
        began = asyncio.get_running_loop().time()
        writer.write_eof()
        assert await reader.read() == b" and goodbye"
        assert asyncio.get_running_loop().time() - began >= 0.299
        writer.close()


@pytest.mark.parametrize("kind", sorted(KINDS))
@on_uvloop
async def test_every_toxic_can_come_and_go_under_traffic(kind: str) -> None:
    """Adding and removing in the middle of a stream leaves the next connection as good as new."""
    async with upstream() as (_, address), proxied(address) as proxy:
        for _ in range(3):
            await _disturbed(proxy.listen)
            name = infect(proxy, kind)
            await _disturbed(proxy.listen)
            proxy.remove(name)
        reader, writer = await open_connection(*proxy.listen)
        assert await ask(reader, writer) < 1
        writer.close()


async def _disturbed(address: Address) -> None:
    _, writer = await open_connection(*address)
    writer.write(b"x" * 1000)
    writer.close()
