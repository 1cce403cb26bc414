"""Probes that ask for a page: what users would get from a replica, whatever it says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from edge import health
from edge.replicas import Replicas
from shared.client import Answer, CallFailed, HttpClient
from shared.discovery import Endpoint
from tests.services.chosen import Chosen

ENDPOINT = ("10.0.0.1", 8000)


class Zombie:
    """Is ready, and shows no page; keeps what it was asked for."""

    def __init__(self, statuses: Mapping[str, int]) -> None:
        self._statuses = statuses
        self.asked: list[str] = []

    async def call(self, _method: str, url: str, **_: Any) -> Answer:
        path = "/" + url.split("/", 3)[3]
        self.asked.append(path)
        if path not in self._statuses:
            raise CallFailed("gone", reached=True)
        return Answer(self._statuses[path], b"", {})


class Noted(Replicas):
    """Keeps what the first probe said."""

    def __init__(self) -> None:
        super().__init__(lambda: [ENDPOINT], lambda: 0.0)
        self.first: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def probed(self, endpoint: Endpoint, *, healthy: bool) -> None:
        if not self.first.done():
            self.first.set_result(healthy)


@pytest.mark.parametrize(
    ("check", "component", "statuses", "healthy", "path"),
    [
        ("readyz", "catalog", {"/readyz": 200, "/products/1": 500}, True, "/readyz"),
        ("page", "catalog", {"/readyz": 200, "/products/1": 500}, False, "/products/1"),
        ("page", "catalog", {"/readyz": 503, "/products/1": 200}, True, "/products/1"),
        ("page", "catalog", {"/readyz": 200}, False, "/products/1"),
        ("page", "checkout", {"/readyz": 200, "/carts/1": 200}, True, "/carts/1"),
    ],
)
async def test_a_page_is_asked_for_by_flag(
    monkeypatch: pytest.MonkeyPatch,
    check: str,
    component: str,
    statuses: dict[str, int],
    healthy: bool,
    path: str,
) -> None:
    """A replica that says ready and shows no page is healthy by the one and sick by the other."""
    chosen, replicas, zombie = Chosen(), Noted(), Zombie(statuses)
    chosen.values["edge-health-check"] = check
    monkeypatch.setattr(health, "flags", chosen)
    watch = asyncio.create_task(health.watch(component, replicas, cast("HttpClient", zombie)))
    try:
        assert await asyncio.wait_for(replicas.first, 5) is healthy
        assert zombie.asked == [path]
    finally:
        watch.cancel()
