"""A product's reviews, the most helpful first, with a picture of their stars."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import Gauge
from psycopg import AsyncConnection

from catalog import picture
from catalog.cache import Cache
from shared.catalogue import SHOWN_REVIEWS
from shared.db import Database, Row, fetch
from shared.errors import Unavailable
from shared.flags import flags

_WAITING = Gauge("reviews_waiting", "Products whose reviews wait for their turn at the database")
_AT_A_TIME = 4  # so that reviews never take all connections from the products themselves
_REVIEWS_WITH_VOTES = """
    select r.id, r.stars, r.body, c.name, count(v.customer) as helpful
    from reviews r
    join customers c on c.id = r.customer
    left join review_votes v on v.review = r.id
    where r.product = %s
    group by r.id, c.name
    order by helpful desc, r.id
    limit %s
"""
_REVIEWS = """
    select r.id, r.stars, r.body, c.name from reviews r join customers c on c.id = r.customer
    where r.product = %s
"""
_VOTES = "select count(*) from review_votes where review = %s"


class Reviews:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._waiting = 0

    async def reviews(self, product: int) -> str:
        """`{"reviews": [{"id", "stars", "body", "by", "helpful"}], "picture"}` as JSON text, 20 at most."""
        return await self._cache.through(
            "reviews",
            str(product),
            ttl_s=flags.seconds("catalog-reviews-ttl"),
            make=lambda: self._read(product),
        )

    async def _read(self, product: int) -> str:
        most = flags.whole("catalog-reviews-waiting")
        if most and self._waiting >= most:
            raise Unavailable(f"{self._waiting} products wait for their reviews")
        canvas = picture.canvas()  # while the database is not needed yet
        async with self._turn(), self._database.connection() as connection:
            batched = flags.on("catalog-reviews-batch")
            rows = await (_in_one(connection, product) if batched else _one_by_one(connection, product))
        drawn = await asyncio.to_thread(picture.drawn, canvas, [row[1] for row in rows])
        return json.dumps({"reviews": [_as_review(row) for row in rows], "picture": drawn})

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of a few turns at the database; Unavailable when none comes in time."""
        patience_s = flags.seconds("catalog-reviews-patience")
        self._wait(+1)
        try:
            async with asyncio.timeout(patience_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(f"no turn for reviews within {patience_s:g} s") from error
        finally:
            self._wait(-1)
        try:
            yield
        finally:
            self._turns.release()

    def _wait(self, one: int) -> None:
        self._waiting += one
        _WAITING.set(self._waiting)


async def _in_one(connection: AsyncConnection, product: int) -> list[Row]:
    return await fetch(connection, "reviews-with-votes", _REVIEWS_WITH_VOTES, (product, SHOWN_REVIEWS))


async def _one_by_one(connection: AsyncConnection, product: int) -> list[Row]:
    found = await fetch(connection, "reviews", _REVIEWS, (product,))
    rows = [(*row, (await fetch(connection, "votes", _VOTES, (row[0],)))[0][0]) for row in found]
    return sorted(rows, key=lambda row: (-row[4], row[0]))[:SHOWN_REVIEWS]


def _as_review(row: Row) -> dict[str, Any]:
    return {"id": row[0], "stars": row[1], "body": row[2], "by": row[3], "helpful": row[4]}
