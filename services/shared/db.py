"""Postgres: one connection pool per process, its numbers as metrics, and timed statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from shared import environment
from shared.calls import Call, call
from shared.errors import Unavailable
from shared.healing_pool import HealingPool
from shared.logs import Log
from shared.metrics import Timed
from shared.pool_metrics import POOLS

_LOG = Log("postgres")
_QUERIES = Timed("db_query_duration_seconds", "Statements sent to Postgres, by name", "query")
_CALLS: WeakKeyDictionary[AsyncConnection, Call] = WeakKeyDictionary()  # who holds each connection
Row = tuple[Any, ...]


class Database:
    """A pool of a fixed size. Connections are in autocommit: a transaction is asked for by name.

    Environment: POSTGRES_ADDR, POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, DB_POOL_MAX,
    DB_POOL_TIMEOUT (how long a request waits for a connection) and DB_STATEMENT_TIMEOUT.

    A second pool of a process has a `name`, which its metrics bear; its size and timeout are as given.
    """

    def __init__(
        self, *, pool_max: int, pool_timeout_s: float = 3.0, statement_timeout_s: float = 5.0, name: str = ""
    ) -> None:
        size = pool_max if name else environment.whole("DB_POOL_MAX", pool_max)
        self._timeout_s = pool_timeout_s if name else environment.seconds("DB_POOL_TIMEOUT", pool_timeout_s)
        self._pool = HealingPool(
            kwargs=_connect_arguments(environment.seconds("DB_STATEMENT_TIMEOUT", statement_timeout_s)),
            min_size=size,
            max_size=size,
            timeout=self._timeout_s,
            reconnect_timeout=5.0,
            open=False,
        )
        self._connected = False
        POOLS.add(self._pool, name)

    async def open(self) -> None:
        """Start connecting; returns at once, `ready` tells when the first connection is there."""
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close(timeout=2.0)

    @property
    def ready(self) -> bool:
        """Whether this process was ever connected: a database that fails later fails requests, not us."""
        if not self._connected:
            self._connected = bool(self._pool.get_stats().get("pool_available", 0))
        return self._connected

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection for the block; Unavailable when none is free in time, or Postgres fails."""
        with call("postgres", "connection") as made:
            try:
                async with self._pool.connection() as connection:
                    made.tell(waited_ms=made.ms)
                    _CALLS[connection] = made
                    yield connection
            except PoolTimeout as error:
                made.tell(waited_ms=made.ms, error="no connection from the pool")
                _LOG.error("no connection from the pool", dependency="postgres", waited_s=self._timeout_s)
                raise Unavailable(f"no database connection within {self._timeout_s:g} s") from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                made.tell(error=_first_line(error))
                _LOG.error("database failed", dependency="postgres", error=_first_line(error))
                raise Unavailable("the database failed") from error


async def session() -> AsyncConnection:
    """A connection outside of any pool, for what lasts; psycopg.OperationalError when there is none."""
    return await AsyncConnection.connect(**_connect_arguments(statement_timeout_s=0))


async def fetch(
    connection: AsyncConnection,
    name: str,
    sql: LiteralString,
    parameters: Sequence[object] = (),
    *,
    prepare: bool | None = None,
) -> list[Row]:
    """All rows of one statement; `name` is its label in the metrics.

    A statement that comes often is prepared and its plan kept; `prepare=False` plans it each time.
    """
    with _timed(connection, name):
        cursor = await connection.execute(sql, parameters, prepare=prepare)
        return await cursor.fetchall()


async def execute(
    connection: AsyncConnection, name: str, sql: LiteralString, parameters: Sequence[object] = ()
) -> int:
    """Run one statement and return how many rows it touched."""
    with _timed(connection, name):
        cursor = await connection.execute(sql, parameters)
        return cursor.rowcount


@contextmanager
def _timed(connection: AsyncConnection, name: str) -> Iterator[None]:
    """Observe a statement, and count it for the call that holds the connection."""
    began = perf_counter()
    try:
        with _QUERIES.time(name):
            yield
    finally:
        if made := _CALLS.get(connection):
            made.statement(perf_counter() - began)


def _connect_arguments(statement_timeout_s: float) -> dict[str, Any]:
    host, port = environment.address("POSTGRES_ADDR")
    return {
        "host": host,
        "port": port,
        "user": environment.text("POSTGRES_USER", "shop"),
        "password": environment.text("POSTGRES_PASSWORD", ""),
        "dbname": environment.text("POSTGRES_DB", "shop"),
        "application_name": environment.REPLICA,
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "options": f"-c statement_timeout={int(statement_timeout_s * 1000)}",
        "autocommit": True,
    }


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
