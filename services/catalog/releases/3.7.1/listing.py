"""The home listing: popular products, chosen so that they differ from each other."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

from catalog.cache import Cache
from shared.catalogue import LISTED
from shared.db import Database, fetch
from shared.flags import flags

_CANDIDATES = "select id, name, price_cents, popularity from products order by popularity desc, id limit %s"


@dataclass(frozen=True)
class Candidate:
    id: int
    name: str
    price_cents: int
    popularity: int
    words: frozenset[str]


class Listing:
    """Rebuilding costs CPU in proportion to the candidates, so it is cached and refreshed early."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def current(self) -> str:
        """`{"products": […], "generated_at": epoch seconds}` as JSON text."""
        ttl_s, refresh_s = flags.seconds("catalog-home-ttl"), flags.seconds("catalog-home-refresh")
        listing = await self._cache.through("home", "listing", ttl_s=ttl_s, make=self._build)
        if 0 < refresh_s < time.time() - _generated_at(listing):
            self._cache.refresh("home", "listing", ttl_s=ttl_s, make=self._build)
        return listing

    async def _build(self) -> str:
        async with self._database.connection() as connection:
            limit = flags.whole("catalog-home-candidates")
            rows = await fetch(connection, "home-candidates", _CANDIDATES, (limit,))
        candidates = [
            Candidate(product, name, price_cents, popularity, frozenset(name.split()))
            for product, name, price_cents, popularity in rows
        ]
        # In a thread: ranking is all CPU, and other requests must go on meanwhile.
        chosen = await asyncio.to_thread(diverse, candidates, LISTED)
        products = [{"id": each.id, "name": each.name, "price_cents": each.price_cents} for each in chosen]
        return json.dumps({"generated_at": round(time.time(), 3), "products": products})


def diverse(candidates: list[Candidate], wanted: int) -> list[Candidate]:
    """The most popular candidates, each worth less the more it resembles those already chosen.

    Of those that are worth the same, the cheaper comes first.
    """
    worth = {each: float(each.popularity) for each in candidates}
    chosen: list[Candidate] = []
    while worth and len(chosen) < wanted:
        best = max(worth, key=lambda each: (worth[each], -each.price_cents))
        del worth[best]
        chosen.append(best)
        for each in worth:
            worth[each] *= 1 - 0.2 * len(each.words & best.words)
    return chosen


def _generated_at(listing: str) -> float:
    """The listing's time, read off its beginning: parsing all of it for each request would cost more."""
    return float(listing[listing.index(":") + 1 : listing.index(",")])
