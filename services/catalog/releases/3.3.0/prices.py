"""How prices compare: which products are cheap for what they are."""

from __future__ import annotations

import asyncio
import json
import time
from statistics import quantiles

from catalog.cache import Cache
from shared.db import Database, Row, fetch
from shared.flags import flags

_PAGE = "select id, name, price_cents from products where id > %s order by id limit %s"
ROWS = 400
PAUSE_S = 0.033
_TENTHS = 10


class Prices:
    """For each kind of product the prices that part it into tenths, read from all products.

    The reading takes nine tenths of a second on purpose: a little at a time, with pauses in which Postgres
    has nothing of it to do. Nobody waits for it: it is read anew in the background, long before it runs out.
    """

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def dearer(self, name: str, price_cents: int) -> int:
        """How many in ten of the same kind cost more than this product."""
        ttl_s, refresh_s = flags.seconds("catalog-prices-ttl"), flags.seconds("catalog-prices-refresh")
        prices = json.loads(await self._cache.through("prices", "all", ttl_s=ttl_s, make=self._read))
        if 0 < refresh_s < time.time() - prices["read_at"]:
            self._cache.refresh("prices", "all", ttl_s=ttl_s, make=self._read)
        return sum(price_cents < tenth for tenth in prices["kinds"].get(kind(name), ()))

    async def _read(self) -> str:
        """`{"read_at": epoch seconds, "kinds": {kind: [nine prices]}}` as JSON text."""
        found: dict[str, list[int]] = {}
        rows = await self._after(0)
        while rows:
            for _, name, price_cents in rows:
                found.setdefault(kind(name), []).append(price_cents)
            await asyncio.sleep(PAUSE_S)
            rows = await self._after(rows[-1][0])
        return json.dumps({"read_at": round(time.time(), 3), "kinds": parted(found)})

    async def _after(self, last: int) -> list[Row]:
        async with self._database.connection() as connection:
            return await fetch(connection, "prices", _PAGE, (last, ROWS))


def kind(name: str) -> str:
    """What a product is: the last word of its name."""
    return name.rpartition(" ")[2]


def parted(prices: dict[str, list[int]]) -> dict[str, list[float]]:
    """The nine prices between the tenths of each kind; a kind of a single product has none."""
    return {
        each: quantiles(found, n=_TENTHS, method="inclusive")
        for each, found in prices.items()
        if len(found) > 1
    }
