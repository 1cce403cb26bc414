"""How prices compare: which products are cheap for what they are, at the prices of the moment."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, LiteralString

from psycopg import AsyncConnection

from catalog.cache import Cache
from shared.db import Database, Row, execute, fetch
from shared.flags import flags

_KINDS = "select distinct split_part(name, ' ', 3) from products"
_TENTHS = """
    select split_part(name, ' ', 3),
           percentile_cont(array[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
               within group (order by price_cents)
    from products where words @@ to_tsquery('simple', %s) group by 1
"""
_ONE_MOMENT = "set transaction isolation level repeatable read"
_TOGETHER = 2
_EVERY_S = 0.015
Product = dict[str, Any]


class Prices:
    """For each kind of product the prices that part it into tenths.

    Kinds are read two by two, and all readings take turns, so that Postgres has a small statement of this
    every 15 ms, however many read; one that is late delays none after it. A reading is of one moment.
    """

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        self._turn = asyncio.Lock()
        self._next_s = 0.0

    async def compared(self, products: list[Product]) -> list[Product]:
        """The same products, each with `dearer`: how many in ten of its kind cost more."""
        tenths = await self._tenths()
        return [
            {
                **each,
                "dearer": sum(each["price_cents"] < tenth for tenth in tenths.get(kind(each["name"]), ())),
            }
            for each in products
        ]

    async def _tenths(self) -> dict[str, list[float]]:
        ttl_s, refresh_s = flags.seconds("catalog-prices-ttl"), flags.seconds("catalog-prices-refresh")
        prices = json.loads(await self._cache.through("prices", "all", ttl_s=ttl_s, make=self._read))
        if 0 < refresh_s < time.time() - prices["read_at"]:
            self._cache.refresh("prices", "all", ttl_s=ttl_s, make=self._read)
        found: dict[str, list[float]] = prices["kinds"]
        return found

    async def _read(self) -> str:
        """`{"read_at": epoch seconds, "kinds": {kind: [nine prices]}}` as JSON text."""
        tenths: dict[str, list[float]] = {}
        async with self._database.connection() as connection, connection.transaction():
            await execute(connection, "prices-moment", _ONE_MOMENT)
            kinds = [row[0] for row in await self._in_turn(connection, "prices-kinds", _KINDS)]
            for at in range(0, len(kinds), _TOGETHER):
                these = " | ".join(kinds[at : at + _TOGETHER])
                rows = await self._in_turn(connection, "prices", _TENTHS, these)
                tenths |= {row[0]: row[1] for row in rows}
        return json.dumps({"read_at": round(time.time(), 3), "kinds": tenths})

    async def _in_turn(
        self, connection: AsyncConnection, name: str, sql: LiteralString, *parameters: str
    ) -> list[Row]:
        async with self._turn:
            self._next_s = max(self._next_s, time.monotonic() - _EVERY_S) + _EVERY_S
            rows = await fetch(connection, name, sql, parameters)
            await asyncio.sleep(max(0.0, self._next_s - time.monotonic()))
        return rows


def kind(name: str) -> str:
    """What a product is: the third word of its name."""
    return name.split(" ")[2]
