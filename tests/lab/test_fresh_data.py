"""Fresh data, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from tests.lab import double

from labctl.errors import LabError
from labctl.lab import fresh_data
from labctl.lab.lab import Lab
from labctl.runtimes.base import Address

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(stores: ModuleType) -> Iterator[Address]:
    with stores.postgres() as address:
        yield address


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Address) -> Lab:
    lab, runtime = double.lab(tmp_path, monkeypatch)
    runtime.addresses["postgres"] = server
    return lab


def test_whatever_was_done_to_a_database_is_gone(lab: Lab) -> None:
    """Tables dropped, rows added, sessions left open in it: the new one is as its template."""
    with lab.sql() as shop, lab.sql(user="shop") as service:
        shop.execute("drop table products")
        shop.execute("insert into orders (state) values ('paid')")
        fresh_data.fresh_databases(lab)
        with pytest.raises(psycopg.OperationalError):
            service.execute("select 1")
    with lab.sql(user="shop") as shop:
        assert shop.execute("select count(*) from products").fetchall() == [(100,)]
        assert shop.execute("select count(*) from orders").fetchall() == [(0,)]
        shop.execute("create table mine ()")


def test_it_can_be_repeated_after_it_was_cut_short(lab: Lab) -> None:
    """A half-made copy and a missing database are no obstacle."""
    with lab.sql("postgres") as server:
        server.execute("create database shop_fresh")
        server.execute("drop database shop")
    fresh_data.fresh_databases(lab)
    with lab.sql("postgres") as server:
        names = server.execute(
            "select datname from pg_database where datname like 'shop%' order by 1"
        ).fetchall()
    assert names == [("shop",), ("shop_template",)]


def test_a_copy_that_is_not_like_its_template_is_noticed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are counted in both."""
    counts = iter([{"products": 100}, {"products": 99}])
    monkeypatch.setattr(fresh_data, "_counts", lambda *_: next(counts))
    with pytest.raises(LabError, match=r"shop is not like shop_template: rows \{'products': 99\}"):
        fresh_data.fresh_databases(lab)


def test_foreign_sessions_end_and_their_settings_with_them(lab: Lab) -> None:
    """An analyst's session, a transaction left open, a server setting: gone; a service's session stays."""
    with lab.sql("reporting", "analytics") as analyst, lab.sql() as left_open, _service(lab) as service:
        left_open.execute("begin")
        left_open.execute("lock table products")
        left_open.execute("select 1")
        with lab.sql("postgres") as server:
            server.execute("alter system set work_mem = '1MB'")
        fresh_data.end_foreign_sessions(lab)
        for ended in (analyst, left_open):
            with pytest.raises(psycopg.OperationalError):
                ended.execute("select 1")
        assert service.execute("select count(*) from products").fetchall() == [(100,)]
    with lab.sql("postgres") as server:
        assert server.execute("show work_mem").fetchall() != [("1MB",)]


def test_caches_and_streams_are_emptied(lab: Lab, stores: ModuleType) -> None:
    """Both servers of Redis."""
    with stores.redis_server() as address:
        runtime = lab.runtime
        assert isinstance(runtime, double.DoubleRuntime)
        runtime.addresses.update({"redis-cache": address, "redis-queue": address})
        with lab.redis("redis-queue") as client:
            client.xadd("orders", {"order": "1"})
            fresh_data.fresh_caches(lab)
            assert client.dbsize() == 0


def test_what_was_set_in_redis_while_it_ran_is_as_it_ships(lab: Lab, stores: ModuleType) -> None:
    """More memory and another policy by `config set` do not outlive a reset, nor do keys without an end."""
    with stores.redis_server() as address:
        runtime = lab.runtime
        assert isinstance(runtime, double.DoubleRuntime)
        runtime.addresses.update({"redis-cache": address, "redis-queue": address})
        with lab.redis("redis-queue") as client:
            client.config_set("maxmemory", "1mb")
            client.config_set("maxmemory-policy", "volatile-lru")
            fresh_data.fresh_caches(lab)
            assert client.config_get("maxmemory") == {"maxmemory": str(128 * 2**20)}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def _service(lab: Lab) -> psycopg.Connection:
    """A session as a service of the shop has it."""
    address = lab.runtime.address("postgres")
    return psycopg.connect(
        host=address.host,
        port=address.port,
        dbname="shop",
        user="shop",
        password=lab.secrets["SHOP_PASSWORD"],
        application_name="checkout-1",
        autocommit=True,
    )
