"""Probes every replica of a dependency, for as long as the edge runs."""

from __future__ import annotations

import asyncio

from edge.replicas import Replicas
from shared.client import CallFailed, HttpClient
from shared.discovery import Endpoint
from shared.flags import flags
from shared.logs import Log

_LOG = Log("health")
_READY = "/readyz"
_PAGES = {"catalog": "/products/1", "checkout": "/carts/1"}
"""What a probe asks for that wants to see a page made: cheap, and made as a user's is."""


async def watch(name: str, replicas: Replicas, client: HttpClient) -> None:
    """Probe on and on; the way and the pace are flags."""
    while True:
        try:
            await asyncio.to_thread(replicas.find)  # DNS may be slow; its answer is kept for the loop
            endpoints = replicas.known()
        except OSError as error:
            _LOG.error("replicas unknown", dependency=name, error=str(error))
            endpoints = []
        await asyncio.gather(*(_probe(name, replicas, endpoint, client) for endpoint in endpoints))
        await asyncio.sleep(max(0.1, flags.seconds("edge-health-interval")))


async def _probe(name: str, replicas: Replicas, endpoint: Endpoint, client: HttpClient) -> None:
    failures = flags.whole("edge-health-failures")
    was_in = replicas.is_in(endpoint, probe_failures=failures)
    replicas.probed(endpoint, healthy=await _healthy(name, endpoint, client))
    if was_in and not replicas.is_in(endpoint, probe_failures=failures):
        _LOG.warning("replica is out", dependency=name, replica_address=f"{endpoint[0]}:{endpoint[1]}")


async def _healthy(name: str, endpoint: Endpoint, client: HttpClient) -> bool:
    timeout_s = flags.seconds("edge-health-timeout")
    host, port = endpoint
    match check := flags.text("edge-health-check"):
        case "off":
            return True
        case "port":
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout_s)
            except (OSError, TimeoutError):
                return False
            writer.close()
            return True
        case _:
            path = _PAGES.get(name, _READY) if check == "page" else _READY
            try:
                answer = await client.call("GET", f"http://{host}:{port}{path}", timeout_s=timeout_s)
            except CallFailed:
                return False
            return answer.status == 200
