"""What is still to be done, as metrics: events in the stream, and payments that wait for the bank."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.db import Database, fetch
from shared.errors import Unavailable
from shared.events import DEAD, STREAM
from shared.logs import Log

_LOG = Log("backlog")
_LAG = Gauge("worker_lag_events", "Events in the stream that are not handled yet")
_OLDEST = Gauge("worker_oldest_event_age_seconds", "Age of the oldest event that is not handled yet")
_DEAD_LETTERS = Gauge("worker_dead_letters_kept", "Events in orders-dead")
_PENDING = Gauge("worker_pending_payments", "Orders whose payment is not settled")
_OLDEST_PENDING = Gauge("worker_oldest_pending_payment_seconds", "Age of the oldest of them")
_LOOK_EVERY_S = 1.0
_PENDING_PAYMENTS = """
    select count(*), coalesce(extract(epoch from clock_timestamp() - min(placed_at)), 0)::float8
    from orders where state = 'payment_pending'
"""


class Backlog:
    """Handled events leave the stream, so its length is the lag and its first entry the oldest."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database

    async def watch(self) -> None:
        """Look every second, for as long as the worker runs."""
        while True:
            try:
                await self._look()
            except (RedisError, OSError, Unavailable) as error:
                _LOG.warning("backlog unknown", error=repr(error))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look(self) -> None:
        _LAG.set(await self._redis.xlen(STREAM))
        _DEAD_LETTERS.set(await self._redis.xlen(DEAD))
        first: Any = await self._redis.xrange(STREAM, count=1)
        _OLDEST.set(max(0.0, time.time() - int(first[0][0].split("-")[0]) / 1000) if first else 0.0)
        async with self._database.connection() as connection:
            [(pending, oldest_s)] = await fetch(connection, "pending-payments", _PENDING_PAYMENTS)
        _PENDING.set(pending)
        _OLDEST_PENDING.set(oldest_s)
