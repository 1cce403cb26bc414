"""One product and what others bought with it, or what goes with it."""

from __future__ import annotations

import json
from typing import Any

from psycopg import AsyncConnection

from catalog.cache import Cache
from catalog.sets import Sets, sort_of
from shared.db import Database, Row, fetch
from shared.errors import NotFound, Unavailable
from shared.flags import flags
from shared.logs import Log

_LOG = Log("products")

_PRODUCT = "select id, name, price_cents from products where id = %s"
_RELATED = """
    select p.id, p.name, p.price_cents from related r join products p on p.id = r.other
    where r.product = %s order by r.rank
"""
_RELATED_IDS = "select other from related where product = %s order by rank"


class Products:
    def __init__(self, database: Database, cache: Cache, sets: Sets) -> None:
        self._database = database
        self._cache = cache
        self._sets = sets

    async def product(self, product: int) -> str:
        """`{"id", "name", "price_cents", "recommendations": […] | null}` as JSON text; NotFound."""
        page = await self._cache.through(
            "product",
            str(product),
            ttl_s=flags.seconds("catalog-product-ttl"),
            make=lambda: self._read(product),
        )
        return await self._with_set(page) if flags.on("catalog-recommendations") else page

    async def _with_set(self, page: str) -> str:
        """The page with what goes with the product, where that is shown and can be had in time."""
        plain = json.loads(page)
        sort = sort_of(plain["name"], plain["price_cents"])
        if not self._sets.shown(sort):
            return page
        try:
            goes_with = await self._sets.of(sort)
        except Unavailable as error:
            _LOG.warning("what others bought, not what goes with it", sort=sort, error=error.message)
            return page
        return json.dumps({**plain, "recommendations": goes_with})

    async def _read(self, product: int) -> str:
        async with self._database.connection() as connection:
            rows = await fetch(connection, "product", _PRODUCT, (product,))
            if not rows:
                raise NotFound(f"there is no product {product}")
            recommended = (
                await _recommended(connection, product) if flags.on("catalog-recommendations") else None
            )
        return json.dumps({**as_product(rows[0]), "recommendations": recommended})


async def _recommended(connection: AsyncConnection, product: int) -> list[dict[str, Any]]:
    in_one = flags.on("catalog-related-batch")
    rows = await (_in_one(connection, product) if in_one else _one_by_one(connection, product))
    return [as_product(row) for row in rows]


async def _in_one(connection: AsyncConnection, product: int) -> list[Row]:
    return await fetch(connection, "related", _RELATED, (product,))


async def _one_by_one(connection: AsyncConnection, product: int) -> list[Row]:
    others = await fetch(connection, "related-ids", _RELATED_IDS, (product,))
    return [(await fetch(connection, "related-product", _PRODUCT, other))[0] for other in others]


def as_product(row: tuple[Any, ...]) -> dict[str, Any]:
    """Columns id, name, price_cents as they are answered."""
    return {"id": row[0], "name": row[1], "price_cents": row[2]}
