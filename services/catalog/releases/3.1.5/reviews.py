"""A product's reviews, the most helpful first, and of those the newest."""

from __future__ import annotations

import json
from typing import Any

from psycopg import AsyncConnection

from catalog.cache import Cache
from shared.catalogue import SHOWN_REVIEWS
from shared.db import Database, Row, fetch
from shared.flags import flags

_REVIEWS_WITH_VOTES = """
    select r.id, r.stars, r.body, c.name, count(v.customer) as helpful
    from reviews r
    join customers c on c.id = r.customer
    left join review_votes v on v.review = r.id
    where r.product = %s
    group by r.id, c.name
    order by helpful desc, r.id desc
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

    async def reviews(self, product: int) -> str:
        """`{"reviews": [{"id", "stars", "body", "by", "helpful"}]}` as JSON text, 20 at most."""
        return await self._cache.through(
            "reviews",
            str(product),
            ttl_s=flags.seconds("catalog-reviews-ttl"),
            make=lambda: self._read(product),
        )

    async def _read(self, product: int) -> str:
        async with self._database.connection() as connection:
            batched = flags.on("catalog-reviews-batch")
            rows = await (_in_one(connection, product) if batched else _one_by_one(connection, product))
        return json.dumps({"reviews": [_as_review(row) for row in rows]})


async def _in_one(connection: AsyncConnection, product: int) -> list[Row]:
    return await fetch(connection, "reviews-with-votes", _REVIEWS_WITH_VOTES, (product, SHOWN_REVIEWS))


async def _one_by_one(connection: AsyncConnection, product: int) -> list[Row]:
    found = await fetch(connection, "reviews", _REVIEWS, (product,))
    rows = [(*row, (await fetch(connection, "votes", _VOTES, (row[0],)))[0][0]) for row in found]
    return sorted(rows, key=lambda row: (-row[4], -row[0]))[:SHOWN_REVIEWS]


def _as_review(row: Row) -> dict[str, Any]:
    return {"id": row[0], "stars": row[1], "body": row[2], "by": row[3], "helpful": row[4]}
