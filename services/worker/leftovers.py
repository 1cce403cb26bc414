"""What a checkout that died left behind: events that were never published, stock that nobody holds."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import events
from shared.db import Database, execute, fetch
from shared.errors import Unavailable
from shared.logs import Log

_LOG = Log("leftovers")
_LOOK_EVERY_S = 1.0
_EVENTS = """
    select id, event from outbox where made_at < clock_timestamp() - make_interval(secs => %s)
    order by id limit 100 for update skip locked
"""
_REMOVE = "delete from outbox where id = any(%s)"
_PUBLISH_AFTER_S = 10  # a checkout that lives has removed it by then
_RELEASE = """
    with released as (
        delete from reservations where made_at < clock_timestamp() - interval '60 seconds'
        returning product, quantity
    ), summed as (select product, sum(quantity) as quantity from released group by product)
    update stock s set available = s.available + r.quantity from summed r where s.product = r.product
"""


class Leftovers:
    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis

    async def run(self) -> None:
        """Look every second, for as long as the worker runs."""
        while True:
            try:
                await self._publish()
                await self._release_stock()
            except (RedisError, OSError, Unavailable) as error:
                _LOG.warning("leftovers stay", error=repr(error))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _publish(self) -> None:
        """At least once: an event may come twice, and handling it twice changes nothing."""
        async with self._database.connection() as connection, connection.transaction():
            found = await fetch(connection, "outbox-read", _EVENTS, (_PUBLISH_AFTER_S,))
            for _, event in found:
                await events.publish(self._redis, event)
            if found:
                await execute(connection, "outbox-remove", _REMOVE, ([row for row, _ in found],))
                _LOG.info("events published late", events=len(found))

    async def _release_stock(self) -> None:
        async with self._database.connection() as connection:
            await execute(connection, "reservations-release", _RELEASE)
