"""lock-queue: who only reads holds up a migration, and the migration everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from labctl.scenario import catalog

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

WAITING = "select count(*) from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"
ENDS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s"
CANCELS = "select pg_cancel_backend(pid) from pg_stat_activity where application_name = %s"


def statements(name: str) -> list[str]:
    """What a session of the scenario's runs."""
    for fault in library("lock-queue").faults:
        step = fault.action.step()["session"]
        if step["name"] == name:
            return [str(step["do"])]
    raise AssertionError(f"there is no session {name}")


def connect(shop: Shop, name: str, user: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=shop.postgres.port,
        user=user,
        dbname="shop",
        application_name=name,
        autocommit=True,
    )


@contextmanager
def queued(shop: Shop) -> Iterator[None]:
    """For the block, the migration waits for the analyst, who is idle in a transaction."""
    with (
        shop.changed("checkout", DB_STATEMENT_TIMEOUT="500ms", DB_POOL_TIMEOUT="500ms"),
        connect(shop, "q3-cohorts", "analytics") as analyst,
        connect(shop, "schema-migrations", "postgres") as migration,
        ThreadPoolExecutor(1) as elsewhere,
    ):
        analyst.execute("begin")
        for statement in statements("q3-cohorts"):
            analyst.execute(statement.encode())
        assert shop.get("edge", "/api/orders/1").status_code == 200  # the analyst alone hurts nobody
        for statement in statements("schema-migrations"):
            ended = elsewhere.submit(migration.execute, statement.encode())
        eventually(lambda: shop.postgres.one(WAITING, "schema-migrations"), what="the migration waits")
        try:
            yield
        finally:
            shop.postgres.one(ENDS, "q3-cohorts")
            assert ended.exception(10) is None or isinstance(ended.exception(), psycopg.Error)
            analyst.close()
            migration.close()
    shop.forget()
    eventually(lambda: shop.get("edge", "/api/orders/1").status_code == 200, what="the shop is well")


def well(shop: Shop) -> bool:
    return shop.get("edge", "/api/orders/1").status_code == 200


@pytest.mark.integration
def test_even_a_plain_read_waits_behind_the_migration(shop: Shop) -> None:
    """Whoever touches orders fails, and checkouts with them; browsing does not."""
    with queued(shop):
        assert shop.get("edge", "/api/orders/1").status_code == 503
        assert shop.buy("lock-queue-1").status_code == 503
        assert shop.get("edge", "/api/products/1").status_code == 200


@pytest.mark.integration
def test_ending_the_analyst_lets_all_go_on(shop: Shop) -> None:
    """The migration is done, and orders are placed in the table that it changed."""
    with queued(shop):
        shop.postgres.one(ENDS, "q3-cohorts")
        eventually(lambda: well(shop), what="orders are shown")
        eventually(lambda: shop.buy("lock-queue-2").status_code == 201, what="orders are placed")
        column = "select count(*) from information_schema.columns where column_name = 'gift_note'"
        assert shop.postgres.one(column) == 1


@pytest.mark.integration
def test_cancelling_the_migration_lets_all_go_on(shop: Shop) -> None:
    """Though the analyst is still there."""
    with queued(shop):
        shop.postgres.one(CANCELS, "schema-migrations")
        eventually(lambda: well(shop), what="orders are shown")


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("lock-queue"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "briefing", "page", "load", "expect", "hold"):
        assert getattr(here, shown) == getattr(there, shown), shown
