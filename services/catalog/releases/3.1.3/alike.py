"""What is alike: products by the words of their names and their prices, for those of which little is sold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from prometheus_client import Gauge

from shared.db import Database, fetch
from shared.errors import Unavailable

_RANKINGS = Gauge("rankings_kept", "Rankings of what is alike, in memory")
_EVERYTHING = "select id, name, price_cents from products"
_SHOWN = 4
_ANSWERED = ("id", "name", "price_cents")


@dataclass(frozen=True)
class Product:
    id: int
    name: str
    price_cents: int
    words: frozenset[str]


Ranking = list[dict[str, Any]]
"""The other products, the most alike first: as they are answered, with what they share and their score."""


class Alike:
    """Ranking compares a product with all others, which takes a while, so that rankings are kept.

    Products change at night, before the restart.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._products: dict[int, Product] = {}
        self._rankings: dict[int, Ranking] = {}

    async def remember(self) -> None:
        """Read all products, once."""
        while not self._products:
            try:
                async with self._database.connection() as connection:
                    rows = await fetch(connection, "alike-products", _EVERYTHING)
            except Unavailable:
                await asyncio.sleep(1.0)
            else:
                self._products = {row[0]: Product(*row, frozenset(row[1].split())) for row in rows}

    async def best(self, product: int) -> list[dict[str, Any]] | None:
        """The products most like this one, as they are answered; None before they are read."""
        if product not in self._products:
            return None
        ranking = self._rankings.get(product)
        if ranking is None:
            # In a thread: ranking is all CPU, and other requests must go on meanwhile.
            ranking = await asyncio.to_thread(ranked, self._products[product], self._products.values())
            self._rankings[product] = ranking
            _RANKINGS.set(len(self._rankings))
        return [{key: other[key] for key in _ANSWERED} for other in ranking[:_SHOWN]]


def ranked(product: Product, everything: Iterable[Product]) -> Ranking:
    """Words in common count most, then a price that is near."""
    ranking = []
    for other in everything:
        if other is not product:
            shared = product.words & other.words
            score = len(shared) - abs(other.price_cents / product.price_cents - 1)
            answered = {"id": other.id, "name": other.name, "price_cents": other.price_cents}
            ranking.append({**answered, "shared": shared, "score": score})
    ranking.sort(key=itemgetter("score"), reverse=True)
    return ranking
