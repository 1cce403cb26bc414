"""Prices that change while they are shown: heard of at once, so that no page shows an old one."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg import AsyncConnection
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared import db
from shared.logs import Log

_LOG = Log("prices")
_LISTEN = "listen prices"


class Deaf(Exception):
    """Nobody would tell us of a new price."""


class Prices:
    """Listens in a session of its own. Whoever sets a price tells it: `notify prices, '4711'`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listens = False
        self.began = False  # has listened at least once

    def require(self) -> None:
        """Deaf unless each new price is heard of: rather no price than an old one."""
        if not self._listens:
            raise Deaf("nobody listens for prices, so that those in the cache may be old")

    async def follow(self) -> None:
        """Listen, and forget what has a new price, for as long as the service runs."""
        async with await _session() as session:
            await session.execute(_LISTEN)
            self.began = self._listens = True
            try:
                async for told in session.notifies():
                    await self._forget(told.payload)
            finally:
                self._listens = False

    async def _forget(self, product: str) -> None:
        try:
            await self._redis.delete(f"product:{product}", "home:listing")
        except (RedisError, OSError) as error:
            _LOG.warning("an old price may be shown for a while", product=product, error=repr(error))


async def _session() -> AsyncConnection:
    """A session of its own; Postgres may come up later than we."""
    while True:
        try:
            return await db.session()
        except psycopg.OperationalError as error:
            _LOG.warning("nobody listens for prices yet", error=str(error))
            await asyncio.sleep(1.0)
