"""Publishes events after their order was committed. The outbox makes sure that none is lost.

An event is in the outbox from the order's own commit on. It is published at once and its row removed
within a second; whatever is left there after some seconds, the worker publishes.
"""

from __future__ import annotations

import asyncio

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from checkout import config
from shared import events
from shared.db import Database, execute
from shared.errors import Unavailable
from shared.logs import Log
from shared.settlement import Publication

_LOG = Log("publisher")
_PUBLISHED = Counter("events_published", "Events appended to the stream", ("outcome",))
_REMOVE = "delete from outbox where id = any(%s)"


class Publisher:
    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._published: list[int] = []  # outbox rows that may go
        for outcome in ("ok", "error"):
            _PUBLISHED.labels(outcome)

    async def publish(self, publication: Publication) -> None:
        """Append to the stream; when that fails the event stays in the outbox."""
        try:
            await events.publish(self._redis, publication.event)
        except (RedisError, OSError) as error:
            _PUBLISHED.labels("error").inc()
            _LOG.error("dependency failed", dependency="redis-queue", error=repr(error))
            return
        _PUBLISHED.labels("ok").inc()
        self._published.append(publication.row)

    async def tidy(self) -> None:
        """Remove what was published from the outbox, once a second, for as long as the service runs."""
        while True:
            await asyncio.sleep(config.OUTBOX_TIDY_EVERY_S)
            await self.remove_published()

    async def remove_published(self) -> None:
        rows, self._published = self._published, []
        if not rows:
            return
        try:
            async with self._database.connection() as connection:
                await execute(connection, "outbox-remove", _REMOVE, (rows,))
        except Unavailable:
            self._published = rows + self._published
