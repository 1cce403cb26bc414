"""The real shop as plain processes: up, every part ready and talking, down, nothing left."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from labctl.runtimes.base import Signal, Site, State
from labctl.runtimes.local import orphans, start
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.runtime import LocalRuntime
from labctl.stack.compose import Stack, baseline, load_stack
from tests.runtimes.subjects import eventually

pytestmark = pytest.mark.e2e

NAMES = ("POSTGRES_PASSWORD", "SHOP_PASSWORD", "ANALYTICS_PASSWORD", "REDIS_PASSWORD")


@pytest.fixture
def shop(folder: Path) -> Iterator[tuple[LocalRuntime, Stack, Site]]:
    site = Site("shop", secrets.token_hex(6), folder / "shop", folder / "cache", _secrets())
    stack = load_stack()
    runtime = LocalRuntime(stack, site)
    yield runtime, stack, site
    runtime.destroy()


def _secrets() -> dict[str, str]:
    return {name: secrets.token_urlsafe(12) for name in NAMES}


def connect(runtime: LocalRuntime, site: Site, user: str = "postgres") -> psycopg.Connection:
    address = runtime.address("postgres")
    password = site.secrets[f"{user.upper()}_PASSWORD"]
    return psycopg.connect(
        host=address.host, port=address.port, user=user, password=password, dbname="shop", connect_timeout=5
    )


def test_the_shop_comes_up_works_and_goes(shop: tuple[LocalRuntime, Stack, Site]) -> None:
    """Every component is ready, the stores want their passwords, Prometheus sees all, and all ends."""
    runtime, stack, site = shop
    runtime.apply(baseline(stack))
    assert {replica.component for replica in runtime.observe()} == set(stack.components)
    assert {replica.state for replica in runtime.observe()} == {State.READY}
    with connect(runtime, site, "shop") as connection:
        assert connection.execute("select count(*) from products").fetchone() == (10_000,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(runtime, Site("", "", site.folder, site.cache, _secrets()))
    cache = runtime.address("redis-cache")
    with redis.Redis(cache.host, cache.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    front = runtime.address("front")
    assert httpx.get(f"http://{front}/api/home", timeout=5).status_code == 200
    prometheus = f"http://{runtime.address('prometheus')}/api/v1/query?query=sum(up)"
    scraped = sum(bool(component.metrics) for component in stack.components.values())
    eventually(lambda: f'"{scraped}"' in httpx.get(prometheus).text, f"{scraped} targets up", within_s=15)
    runtime.destroy()
    assert orphans.find(site.id, site.folder / "data") == []


def test_the_database_comes_back_after_a_kill_and_fresh_when_wished(
    shop: tuple[LocalRuntime, Stack, Site],
) -> None:
    """A crash keeps committed data, a restart too; a raised `data` is the seed again, with the passwords."""
    runtime, stack, site = shop
    wanted = baseline(stack)
    stores = type(wanted)({name: wanted[name] for name in stack.components})
    for name in stack.components:
        if name != "postgres":
            stores = stores.edit(name, replicas=0)
    runtime.apply(stores)
    with connect(runtime, site) as connection:
        connection.execute("create table mine (id int)")
    runtime.signal("postgres-1", Signal.KILL)
    eventually(lambda: _has_table(runtime, site), "the table after a kill", within_s=15)
    runtime.apply(stores.edit("postgres", restarts=1))
    assert _has_table(runtime, site)
    runtime.apply(stores.edit("postgres", restarts=1, data=1))
    assert _has_table(runtime, site) is False
    supervisor = start.supervisor(Layout(site.folder))
    assert supervisor
    supervisor.send(9)
    runtime.destroy()
    assert orphans.find(site.id, site.folder / "data") == []


def _has_table(runtime: LocalRuntime, site: Site) -> bool | None:
    """Whether the table is there; None while Postgres does not answer."""
    try:
        with connect(runtime, site) as connection:
            row = connection.execute("select to_regclass('mine') is not null").fetchone()
    except psycopg.OperationalError:
        return None
    return bool(row and row[0])
