"""Carts: one line per customer and product."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation

from shared.db import Database, execute, fetch
from shared.errors import NotFound

_READ = "select product, quantity from carts where customer = %s order by product"
_PUT = """
    insert into carts (customer, product, quantity) values (%s, %s, %s)
    on conflict (customer, product) do update set quantity = excluded.quantity
"""
_REMOVE = "delete from carts where customer = %s and product = %s"


class Carts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, customer: int) -> dict[str, Any]:
        """`{"items": [{"product", "quantity"}]}`, empty for a customer who has none."""
        async with self._database.connection() as connection:
            return await _items(connection, customer)

    async def put(self, customer: int, product: int, quantity: int) -> dict[str, Any]:
        """Set how many of a product are in the cart, 0 for none; the cart as it is then."""
        async with self._database.connection() as connection:
            try:
                if quantity:
                    await execute(connection, "cart-put", _PUT, (customer, product, quantity))
                else:
                    await execute(connection, "cart-remove", _REMOVE, (customer, product))
            except ForeignKeyViolation:
                raise NotFound(f"there is no customer {customer} or no product {product}") from None
            return await _items(connection, customer)


async def _items(connection: AsyncConnection, customer: int) -> dict[str, Any]:
    rows = await fetch(connection, "cart-read", _READ, (customer,))
    return {"items": [{"product": product, "quantity": quantity} for product, quantity in rows]}
