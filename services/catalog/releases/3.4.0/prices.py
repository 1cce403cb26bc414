"""How prices compare: which products are cheap for what they are, at the prices of the moment."""

from __future__ import annotations

import json
import time
from typing import Any

from catalog.cache import Cache
from shared.db import Database, fetch
from shared.flags import flags

_TENTHS = """
    select split_part(name, ' ', 3) as kind,
           percentile_cont(array[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
               within group (order by price_cents)
    from products group by kind
"""
Product = dict[str, Any]


class Prices:
    """For each kind of product the prices that part it into tenths."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

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
        async with self._database.connection() as connection:
            kinds = dict(await fetch(connection, "prices", _TENTHS))
        return json.dumps({"read_at": round(time.time(), 3), "kinds": kinds})


def kind(name: str) -> str:
    """What a product is: the third word of its name."""
    return name.split(" ")[2]
