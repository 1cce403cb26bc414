"""Toxiproxy's HTTP API: shapes, statuses and errors, as its clients expect them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.services.wire_parts import on_uvloop
from wire.api import Api
from wire.proxies import Proxies

LINK = {"name": "link", "listen": "127.0.0.1:0", "upstream": "store:1"}
TOXICS = "/proxies/link/toxics"


@asynccontextmanager
async def api() -> AsyncIterator[httpx.AsyncClient]:
    proxies = Proxies(lambda _: [])
    transport = httpx.ASGITransport(Api(proxies).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://wire") as client:
        yield client
        for proxy in proxies:
            proxy.stop()


@asynccontextmanager
async def linked() -> AsyncIterator[httpx.AsyncClient]:
    """With one proxy, `link`."""
    async with api() as client:
        await client.post("/proxies", json=LINK)
        yield client


@on_uvloop
async def test_version_answers() -> None:
    """It is what says that the wire is ready."""
    async with api() as client:
        assert set((await client.get("/version")).json()) == {"version"}


@on_uvloop
async def test_a_proxy_is_created_shown_and_deleted() -> None:
    """201 with what it is, its true port included; then 200; then 204 and 404."""
    async with api() as client:
        made = await client.post("/proxies", json=LINK)
        plain = made.json()
        assert made.status_code == 201
        assert plain == {**LINK, "listen": plain["listen"], "enabled": True, "toxics": []}
        assert not plain["listen"].endswith(":0")
        assert (await client.get("/proxies")).json() == {"link": plain}
        assert (await client.get("/proxies/link")).json() == plain
        assert (await client.delete("/proxies/link")).status_code == 204
        assert (await client.get("/proxies/link")).status_code == 404


@on_uvloop
async def test_a_proxy_is_disabled_and_enabled() -> None:
    """Only what is given changes, and the port stays."""
    async with linked() as client:
        before = (await client.get("/proxies/link")).json()
        for method in ("POST", "PATCH"):
            down = await client.request(method, "/proxies/link", json={"enabled": False})
            assert (down.status_code, down.json()) == (200, {**before, "enabled": False})
            up = await client.request(method, "/proxies/link", json={"enabled": True})
            assert up.json() == before


@on_uvloop
async def test_a_toxic_is_added_changed_and_removed() -> None:
    """Its name, stream, toxicity and missing attributes have defaults; a change keeps the rest."""
    async with linked() as client:
        made = await client.post(TOXICS, json={"type": "latency", "attributes": {"latency": 5}})
        plain = {
            "name": "latency_downstream",
            "type": "latency",
            "stream": "downstream",
            "toxicity": 1.0,
            "attributes": {"latency": 5, "jitter": 0},
        }
        assert (made.status_code, made.json()) == (200, plain)
        assert (await client.get(TOXICS)).json() == [plain]
        changed = await client.post(f"{TOXICS}/latency_downstream", json={"attributes": {"jitter": 2}})
        assert changed.json() == {**plain, "attributes": {"latency": 5, "jitter": 2}}
        assert (await client.get(f"{TOXICS}/latency_downstream")).json() == changed.json()
        assert (await client.delete(f"{TOXICS}/latency_downstream")).status_code == 204
        assert (await client.get(TOXICS)).json() == []


@on_uvloop
async def test_reset_enables_all_and_removes_every_toxic() -> None:
    """One call back to a wire that does nothing."""
    async with linked() as client:
        await client.post(TOXICS, json={"type": "timeout"})
        await client.post("/proxies/link", json={"enabled": False})
        assert (await client.post("/reset")).status_code == 204
        link = (await client.get("/proxies/link")).json()
        assert (link["enabled"], link["toxics"]) == (True, [])


@on_uvloop
async def test_populate_keeps_what_is_the_same() -> None:
    """A proxy that listens and forwards alike keeps its toxics; another is made anew."""
    async with linked() as client:
        await client.post(TOXICS, json={"type": "latency"})
        link = (await client.get("/proxies/link")).json()
        same = {key: link[key] for key in ("name", "listen", "upstream")}
        made = await client.post("/populate", json=[same, {**LINK, "name": "other"}])
        assert made.status_code == 201
        assert [len(proxy["toxics"]) for proxy in made.json()["proxies"]] == [1, 0]
        made = await client.post("/populate", json=[{**same, "upstream": "elsewhere:1"}])
        assert made.json()["proxies"][0]["toxics"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/proxies", LINK, 409, "'link'"),
        ("POST", "/proxies", {"name": "x"}, 400, "upstream"),
        ("POST", "/proxies", {"upstream": "x:1"}, 400, "name"),
        ("POST", "/proxies", {"name": "x", "upstream": "x:1", "listen": "no"}, 400, "host:port"),
        ("POST", "/proxies", [], 400, "object"),
        ("GET", "/proxies/nope", None, 404, "'nope'"),
        ("POST", TOXICS, {"type": "flood"}, 400, "latency"),
        ("POST", TOXICS, {"type": "latency", "stream": "sideways"}, 400, "sideways"),
        ("POST", TOXICS, {"type": "latency", "toxicity": 2}, 400, "toxicity"),
        ("POST", TOXICS, {"type": "latency", "attributes": {"delay": 1}}, 400, "jitter"),
        ("POST", TOXICS, {"type": "latency", "attributes": {"latency": "5s"}}, 400, "whole number"),
        ("GET", f"{TOXICS}/nope", None, 404, "'nope'"),
        ("DELETE", f"{TOXICS}/nope", None, 404, "'nope'"),
    ],
)
@on_uvloop
async def test_mistakes_are_named(method: str, path: str, body: object, status: int, said: str) -> None:
    """Each wrong request gets its status and an error that names what was wrong."""
    async with linked() as client:
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert said in answer.json()["error"]


@on_uvloop
async def test_a_body_that_is_no_json_is_refused() -> None:
    """400, not a traceback."""
    async with linked() as client:
        assert (await client.post(TOXICS, content=b"{")).status_code == 400
