"""The gift: a product that comes free with every order while a campaign runs."""

from __future__ import annotations

from psycopg import AsyncConnection

from checkout.stock import Lines
from shared.db import execute, fetch
from shared.flags import flags
from shared.settlement import Order

_LEFT = "select product from stock where product = %s and available > 0"
_STORE = """
    insert into order_items (order_id, customer, product, quantity, price_cents) values (%s, %s, %s, 1, 0)
"""


async def offered(connection: AsyncConnection, bought: Lines) -> int | None:
    """The product that comes with an order; None without a campaign, once all are gone, or if bought."""
    product = flags.whole("checkout-gift")
    if not product or product in dict(bought):
        return None
    return product if await fetch(connection, "gift-left", _LEFT, (product,)) else None


def added(bought: Lines, gift: int | None) -> Lines:
    """What an order takes from stock, still in the order of ids."""
    return bought if gift is None else tuple(sorted((*bought, (gift, 1))))


async def store(connection: AsyncConnection, order: Order, gift: int | None) -> None:
    """Insert the gift as an item that costs nothing, inside the caller's transaction."""
    if gift is not None:
        await execute(connection, "gift-store", _STORE, (order.id, order.customer, gift))
