"""Cards at rest: one that the bank has declined is declined again without asking, for a quarter of an hour.

The mark is an advisory lock in Postgres. Every replica sees it, and it ends with its session, so that a
replica that dies leaves nothing behind for somebody to tidy.
"""

from __future__ import annotations

import asyncio

from psycopg import AsyncConnection

from shared.db import Database, execute, fetch
from shared.errors import Unavailable
from shared.logs import Log

_LOG = Log("resting")
_REST_S = 900.0
_BEGIN = "select pg_advisory_lock(hashtext(%s))"
_END = "select pg_advisory_unlock(hashtext(%s))"
_RESTS = "select not pg_try_advisory_xact_lock_shared(hashtext(%s))"


class Resting:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    async def rests(self, connection: AsyncConnection, card: str) -> bool:
        """Whether the card is at rest, at any replica; inside the caller's transaction."""
        [(rests,)] = await fetch(connection, "card-rests", _RESTS, (card,))
        return bool(rests)

    def begin(self, card: str) -> None:
        """The card rests from now on; nobody waits for that."""
        task = asyncio.create_task(self._rest(card))
        self._tasks.add(task)  # a task that nobody refers to may be collected
        task.add_done_callback(self._tasks.discard)

    async def _rest(self, card: str) -> None:
        try:
            async with self._database.connection() as connection:
                await execute(connection, "card-rest", _BEGIN, (card,))
                await asyncio.sleep(_REST_S)
                await execute(connection, "card-wake", _END, (card,))
        except Unavailable as error:
            _LOG.warning("a declined card does not rest", error=error.message)
