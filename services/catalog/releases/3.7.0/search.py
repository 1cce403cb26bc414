"""Search by the words of a name; when Postgres is slow or fails, a fallback in memory answers."""

from __future__ import annotations

import asyncio
from typing import Any

from prometheus_client import Counter

from catalog.products import as_product
from shared.catalogue import FOUND
from shared.db import Database, Row, fetch
from shared.errors import Refusal, Unavailable
from shared.flags import flags
from shared.logs import Log

_LOG = Log("search")
_FALLBACKS = Counter("search_fallbacks", "Searches that the fallback answered")
_REFRESH_EVERY_S = 7200.0
_SEARCH = """
    select id, name, price_cents from products
    where words @@ plainto_tsquery('simple', %s) order by id limit %s
"""
_EVERYTHING = "select id, name, price_cents from products order by id"


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._memory = Memory([])

    async def results(self, query: str) -> dict[str, Any]:
        """`{"results": [product], "fallback": bool}`, by id, 20 at most; Unavailable when neither can."""
        asking = asyncio.create_task(self._ask(query))
        done, _ = await asyncio.wait({asking}, timeout=flags.seconds("catalog-search-timeout"))
        if not done:
            asking.cancel()  # goes on in the background until Postgres has heard of it
            asking.add_done_callback(_ended)
            return self._fall_back(query, "too slow")
        try:
            return {"results": [as_product(row) for row in asking.result()], "fallback": False}
        except Refusal as error:
            return self._fall_back(query, error.message)

    async def remember(self) -> None:
        """Keep the fallback's memory fresh, for as long as the service runs."""
        while True:
            try:
                async with self._database.connection() as connection:
                    self._memory = Memory(await fetch(connection, "search-memory", _EVERYTHING))
                await asyncio.sleep(_REFRESH_EVERY_S)
            except Unavailable:
                await asyncio.sleep(1.0)

    async def _ask(self, query: str) -> list[Row]:
        async with self._database.connection() as connection:
            return await fetch(connection, "search", _SEARCH, (query, FOUND))

    def _fall_back(self, query: str, why: str) -> dict[str, Any]:
        if not self._memory.products:
            raise Unavailable("search failed and there is no fallback yet")
        _FALLBACKS.inc()
        _LOG.warning("search falls back", dependency="postgres", error=why)
        return {"results": [as_product(row) for row in self._memory.find(query)], "fallback": True}


def _ended(asking: asyncio.Task[list[Row]]) -> None:
    if not asking.cancelled() and (error := asking.exception()):
        _LOG.warning("late search failed", dependency="postgres", error=str(error))


class Memory:
    """Every product by the words of its name, as of the last look."""

    def __init__(self, products: list[Row]) -> None:
        self.products = {row[0]: row for row in products}
        self._by_word: dict[str, set[int]] = {}
        for product, name, _ in products:
            for word in name.lower().split():
                self._by_word.setdefault(word, set()).add(product)

    def find(self, query: str) -> list[Row]:
        """Products with every word in their name, by id."""
        words = query.lower().split()
        if not words:
            return []
        found = set.intersection(*(self._by_word.get(word, set()) for word in words))
        return [self.products[product] for product in sorted(found)[:FOUND]]
