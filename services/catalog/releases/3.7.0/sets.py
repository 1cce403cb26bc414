"""Sets: what goes with a sort of product, from what those have bought who bought one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any, LiteralString
from zlib import crc32

from psycopg import AsyncConnection

from catalog.cache import Cache
from shared.db import Database, Row, fetch
from shared.errors import Unavailable
from shared.flags import flags
from shared.logs import Log

_LOG = Log("sets")
BUYERS = 24
_SHOWN = 4
_PARTS = 10_000
_LOOK_EVERY_S = 1.0
_LEVELS = {"cheap": (0, 7_000), "middling": (7_000, 13_500), "dear": (13_500, 2**31 - 1)}
_MATERIALS = "select distinct lower(split_part(name, ' ', 2)) from products order by 1"
_BUYERS = """
    select i.customer from products p join order_items i on i.product = p.id
    where p.words @@ plainto_tsquery('simple', %s) and p.price_cents >= %s and p.price_cents < %s
    group by i.customer order by max(i.order_id) desc limit %s
"""
_BOUGHT = """
    select p.id, p.name, p.price_cents from order_items i join products p on p.id = i.product
    where i.customer = %s order by i.order_id desc limit 20
"""
Product = dict[str, Any]


class Sets:
    """A set is made from 24 buyers, one small statement for each after the one that finds them.

    All that are made take turns, so that Postgres has a statement of this every `every_s` at most. Who is
    not done after `limit_s` gives up: nobody waits longer for what a page can do without.
    """

    def __init__(self, database: Database, cache: Cache, *, limit_s: float, every_s: float) -> None:
        self._database = database
        self._cache = cache
        self._limit_s = limit_s
        self._every_s = every_s
        self._turn = asyncio.Lock()
        self._next_s = 0.0

    def shown(self, sort: str) -> bool:
        """Whether pages of this sort show its set: always the same sorts, as many as the flag says."""
        return among(sort, flags.share("catalog-sets"))

    async def of(self, sort: str) -> list[Product]:
        """What goes with products of this sort; Unavailable when it cannot be made in time."""
        ttl_s = flags.seconds("catalog-sets-ttl")
        found = await self._cache.through("set", sort, ttl_s=ttl_s, make=lambda: self._make(sort))
        products: list[Product] = json.loads(found)
        return products

    async def keep(self) -> None:
        """Make sets ahead, one after the other, for as long as the service runs."""
        sorts: list[str] = []
        while True:
            try:
                if flags.share("catalog-sets-ahead"):
                    sorts = sorts or await self._sorts()
                    for sort in sorts:
                        await self._ahead(sort)
            except Unavailable as error:
                _LOG.warning("sets are not made ahead", error=error.message)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _ahead(self, sort: str) -> None:
        """Make the set unless it has half of its life before it."""
        if not among(sort, flags.share("catalog-sets-ahead")):
            return
        ttl_s = flags.seconds("catalog-sets-ttl")
        left_s = await self._cache.left_s("set", sort)
        if left_s is not None and left_s < ttl_s / 2:
            with suppress(Unavailable):  # the cache tells; the next one may be luckier
                await self._cache.refresh("set", sort, ttl_s=ttl_s, make=lambda: self._make(sort))

    async def _sorts(self) -> list[str]:
        async with self._database.connection() as connection:
            materials = await fetch(connection, "set-materials", _MATERIALS)
        return [f"{material}-{level}" for (material,) in materials for level in _LEVELS]

    async def _make(self, sort: str) -> str:
        """`[{"id", "name", "price_cents"}]` as JSON text, what most have bought first."""
        try:
            async with asyncio.timeout(self._limit_s), self._database.connection() as connection:
                bought = await self._bought(connection, sort)
        except TimeoutError as error:
            raise Unavailable(f"the set was not made within {self._limit_s:g} s") from error
        chosen = Counter(row for row in bought if sort_of(row[1], row[2]) != sort).most_common(_SHOWN)
        return json.dumps([{"id": row[0], "name": row[1], "price_cents": row[2]} for row, _ in chosen])

    async def _bought(self, connection: AsyncConnection, sort: str) -> list[Row]:
        material, _, level = sort.partition("-")
        asked = (material, *_LEVELS[level], BUYERS)
        buyers = await self._in_turn(connection, "set-buyers", _BUYERS, *asked)
        baskets = [await self._in_turn(connection, "set-bought", _BOUGHT, *buyer) for buyer in buyers]
        return [row for basket in baskets for row in basket]

    async def _in_turn(
        self, connection: AsyncConnection, name: str, sql: LiteralString, *parameters: object
    ) -> list[Row]:
        async with self._turn:
            now_s = asyncio.get_running_loop().time()
            turn_s = max(now_s, self._next_s)
            await asyncio.sleep(turn_s - now_s)
            self._next_s = turn_s + self._every_s
            return await fetch(connection, name, sql, parameters)


def sort_of(name: str, price_cents: int) -> str:
    """What a product is made of and how dear it is, such as `oak-cheap`."""
    level = next(level for level, (low, high) in _LEVELS.items() if low <= price_cents < high)
    return f"{name.split()[1].lower()}-{level}"


def among(sort: str, share: float) -> bool:
    """Whether a sort is one of this share of them: always the same ones."""
    return crc32(b"set:" + sort.encode()) % _PARTS < _PARTS * share
