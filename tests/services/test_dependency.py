"""Calls of the edge: which are sent again, where to, and which are not sent at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from edge import dependency as module
from edge import health
from edge.dependency import Call, Dependency
from edge.replicas import Replicas
from shared.client import Answer, CallFailed, HttpClient, TimedOut
from shared.discovery import Endpoint
from shared.errors import Unavailable
from tests.services.chosen import Chosen

A, B = ("10.0.0.1", 8000), ("10.0.0.2", 8000)
GET = Call("GET", "/x", 1.0)
POST = Call("POST", "/orders", 1.0, body=b"{}", idempotent=False, keyed=True)
OK = Answer(200, b"fine", {})
Say = Answer | Exception


class Network:
    """Says what the test told it to, one after the other, then OK; keeps who was asked."""

    def __init__(self) -> None:
        self.script: list[Say] = []
        self.always: dict[str, Say] = {}
        self.asked: list[str] = []

    async def call(self, _method: str, url: str, **_: Any) -> Answer:
        host = url.split("/")[2].split(":", maxsplit=1)[0]
        self.asked.append(host)
        said = self.always.get(host) or (self.script.pop(0) if self.script else OK)
        if isinstance(said, Exception):
            raise said
        return said


Make = Callable[..., Dependency]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Chosen:
    flags = Chosen()
    flags.values["edge-retry-backoff"] = 0.0
    monkeypatch.setattr(module, "flags", flags)
    monkeypatch.setattr(health, "flags", flags)
    return flags


@pytest.fixture
def make(network: Network, chosen: Chosen, monkeypatch: pytest.MonkeyPatch) -> Make:
    def dependency(*endpoints: Endpoint) -> Dependency:
        monkeypatch.setattr("shared.discovery.resolve", lambda _: list(endpoints))
        return Dependency("catalog", "catalog:8000", cast("HttpClient", network))

    return dependency


def lost(*, reached: bool) -> CallFailed:
    return CallFailed("gone", reached=reached)


BUSY, BROKEN = Answer(503, b"", {}), Answer(500, b"", {})


async def test_a_read_is_repeated_elsewhere(make: Make, network: Network) -> None:
    """A 503, and a connection that broke, are asked of the other replica."""
    for failure in (BUSY, lost(reached=True)):
        network.script, network.asked = [failure], []
        assert await make(A, B).call(GET) == OK
        assert len(set(network.asked)) == 2


async def test_a_500_is_not_repeated(make: Make, network: Network) -> None:
    """What failed in the dependency's own code would fail again."""
    network.script = [BROKEN]
    assert await make(A, B).call(GET) == BROKEN
    assert len(network.asked) == 1


async def test_a_checkout_is_never_repeated_once_answered(make: Make, network: Network) -> None:
    """A 503 to an order is the user's answer."""
    network.script = [BUSY]
    assert await make(A, B).call(POST) == BUSY
    assert len(network.asked) == 1


async def test_a_keyed_checkout_is_repeated_when_its_connection_broke(make: Make, network: Network) -> None:
    """Its idempotency key makes that safe; without a key it would not be."""
    network.script = [lost(reached=True)]
    assert await make(A, B).call(POST) == OK
    network.script = [lost(reached=True)]
    with pytest.raises(Unavailable):
        await make(A, B).call(Call("POST", "/orders", 1.0, idempotent=False))


async def test_timeouts_are_repeated_only_on_request(make: Make, network: Network, chosen: Chosen) -> None:
    """Repeating a slow call doubles the load on what is slow: it takes a flag."""
    network.script = [TimedOut("slow", reached=True)]
    with pytest.raises(Unavailable):
        await make(A, B).call(GET)
    chosen.values["edge-retry-timeouts"] = True
    network.script = [TimedOut("slow", reached=True)]
    assert await make(A, B).call(GET) == OK


async def test_a_refused_connection_costs_no_retry(make: Make, network: Network, chosen: Chosen) -> None:
    """What was never sent goes to the next replica, orders too, with retries off."""
    chosen.values["edge-retries"] = 0.0
    network.always = {A[0]: lost(reached=False)}
    catalog = make(A, B)
    for _ in range(4):
        assert await catalog.call(POST) == OK


async def test_nobody_there_is_unavailable(make: Make, network: Network) -> None:
    """Without replicas, and with none that accepts, the caller gets a 503 soon."""
    with pytest.raises(Unavailable, match="no replica"):
        await make().call(GET)
    network.always = {A[0]: lost(reached=False)}
    with pytest.raises(Unavailable, match="did not answer"):
        await make(A).call(GET)
    assert len(network.asked) <= 3


async def test_retries_are_a_share_of_calls(make: Make, network: Network) -> None:
    """When everything fails the load grows by the retry budget, not by the number of retries."""
    network.always = {A[0]: BUSY}
    catalog = make(A)
    for _ in range(200):
        await catalog.call(GET)
    assert len(network.asked) <= 200 * 1.1 + 11


async def test_a_zombie_is_ejected(make: Make, network: Network, chosen: Chosen) -> None:
    """A replica that answers 500 five times in a row gets no more calls; with ejection off it does."""
    network.always = {A[0]: BROKEN}
    catalog = make(A, B)
    statuses = [(await catalog.call(GET)).status for _ in range(40)]
    assert statuses.count(500) == 5
    chosen.values["edge-eject-after"] = 0.0
    catalog = make(A, B)
    statuses = [(await catalog.call(GET)).status for _ in range(40)]
    assert statuses.count(500) == 20


async def test_a_busy_replica_is_not_ejected(make: Make, network: Network) -> None:
    """503 says busy, not broken."""
    network.always = {A[0]: BUSY}
    catalog = make(A, B)
    for _ in range(40):
        await catalog.call(POST)
    assert network.asked.count(A[0]) == 20


async def test_the_breaker_stops_calls_when_it_is_on(make: Make, network: Network, chosen: Chosen) -> None:
    """Off, every call goes out; on, calls end after enough failures."""
    chosen.values["edge-retries"] = 0.0
    network.always = {A[0]: BROKEN}
    catalog = make(A)
    for _ in range(50):
        await catalog.call(GET)
    assert len(network.asked) == 50
    chosen.values["edge-breaker"] = True
    for _ in range(20):
        await catalog.call(GET)
    with pytest.raises(Unavailable, match="fails too often"):
        await catalog.call(GET)
    assert len(network.asked) == 70


async def test_calls_in_flight_are_limited(make: Make, network: Network, chosen: Chosen) -> None:
    """Over the limit a call is refused at once instead of queueing."""
    chosen.values["edge-catalog-limit"] = 1.0
    catalog, hold = make(A), asyncio.Event()

    async def slow(*_: Any, **__: Any) -> Answer:
        await hold.wait()
        return OK

    network.call = slow  # type: ignore[method-assign]
    first = asyncio.create_task(catalog.call(GET))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="in flight"):
        await catalog.call(GET)
    hold.set()
    assert await first == OK


@pytest.mark.parametrize(("check", "healthy"), [("readyz", False), ("port", True), ("off", True)])
async def test_how_deep_a_probe_looks_is_a_flag(
    network: Network, chosen: Chosen, check: str, healthy: bool
) -> None:
    """A zombie that accepts connections and answers 500 passes the shallow probes only."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1")
    endpoint = server.sockets[0].getsockname()[:2]
    probed: asyncio.Queue[bool] = asyncio.Queue()

    class Noted(Replicas):
        def probed(self, endpoint: Endpoint, *, healthy: bool) -> None:
            probed.put_nowait(healthy)

    replicas = Noted(lambda: [endpoint], lambda: 0.0)
    chosen.values["edge-health-check"] = check
    network.always = {"127.0.0.1": BROKEN}
    watch = asyncio.create_task(health.watch("catalog", replicas, cast("HttpClient", network)))
    try:
        assert await asyncio.wait_for(probed.get(), 5) is healthy
    finally:
        watch.cancel()
        server.close()
        await server.wait_closed()
