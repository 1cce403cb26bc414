"""Trends: what sells better lately than it usually does, from each product's sales by day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from shared.db import Database, Row, fetch
from shared.errors import Unavailable
from shared.logs import Log

_LOG = Log("trends")
_REFRESH_EVERY_S = 86_400.0
_LATELY = 28  # days
_MOST = 1.25
_AT_A_TIME = 100  # products, then other requests have their turn
_REST_S = 0.02
_SALES = """
    select i.product, o.placed_at::date, sum(i.quantity)::integer, sum(i.quantity * i.price_cents)::integer
    from order_items i join orders o on o.id = i.order_id
    where o.placed_at::date > current_date - %s::integer
    group by i.product, o.placed_at::date
"""
_PRODUCTS = "select id from products order by id"
Days = Mapping[date, tuple[int, int]]
"""Units and cents by day; a day without a sale has zeros, so that averages need no special case."""


class Trends:
    def __init__(self, database: Database, *, days: int) -> None:
        self._database = database
        self._days = days
        self._sales: dict[int, Days] = {}

    def factor(self, product: int) -> float:
        """How much better than usual it sells, from 0.8 to 1.25; 1 while that is not known."""
        days = self._sales.get(product)
        if not days:
            return 1.0
        lately = sum(units for units, _ in list(days.values())[:_LATELY])
        usual = sum(units for units, _ in days.values()) * _LATELY / self._days
        return min(_MOST, max(1 / _MOST, (1 + lately) / (1 + usual)))

    async def remember(self) -> None:
        """Read the sales at the start and once a day, for as long as the service runs."""
        while True:
            try:
                async with self._database.connection() as connection:
                    products = await fetch(connection, "trend-products", _PRODUCTS)
                    sales = await fetch(connection, "trend-sales", _SALES, (self._days,))
                await self._arrange([row[0] for row in products], sales)
                await asyncio.sleep(_REFRESH_EVERY_S)
            except Unavailable:
                await asyncio.sleep(1.0)

    async def _arrange(self, products: list[int], sales: list[Row]) -> None:
        sold: dict[int, dict[date, tuple[int, int]]] = {}
        for product, day, units, cents in sales:
            sold.setdefault(product, {})[day] = (units, cents)
        today = datetime.now(UTC).date()
        days = [today - timedelta(days=back) for back in range(self._days)]
        for done, product in enumerate(products, start=1):
            own = sold.get(product, {})
            self._sales[product] = {day: _on(own, day) for day in days}
            if done % _AT_A_TIME == 0:
                await asyncio.sleep(_REST_S)
        _LOG.info("sales are in memory", products=len(products), days=len(days))


def _on(own: Days, day: date) -> tuple[int, int]:
    units, cents = own.get(day, (0, 0))
    return units, cents
