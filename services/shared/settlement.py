"""How a charge's outcome becomes the order's: once, whoever asked the bank."""

from __future__ import annotations

import json
from dataclasses import dataclass

from psycopg import AsyncConnection

from shared import events
from shared.bank import Charged
from shared.db import execute, fetch
from shared.events import Event

_PAID = """
    with settled as (
        update orders
        set state = 'paid', charge = %s, charged_at = clock_timestamp(), answer = coalesce(%s, answer)
        where id = %s and state in ('placed', 'payment_pending') returning id
    )
    insert into outbox (event) select %s::jsonb from settled returning id
"""
_DECLINED = """
    update orders set state = 'declined', answer = coalesce(%s, answer)
    where id = %s and state in ('placed', 'payment_pending')
"""
_GIVE_BACK = """
    update stock s set available = s.available + i.quantity from order_items i
    where i.order_id = %s and s.product = i.product
"""


@dataclass(frozen=True)
class Order:
    id: int
    customer: int
    total_cents: int


@dataclass(frozen=True)
class Publication:
    """An event that waits in the outbox, in this row, to be published."""

    row: int
    event: Event


async def paid(
    connection: AsyncConnection, order: Order, charged: Charged, *, answer: int | None = None
) -> Publication | None:
    """Mark the order paid and put its event into the outbox; None when it was settled before."""
    event = events.order_paid(order=order.id, customer=order.customer, total_cents=order.total_cents)
    parameters = (charged.charge, answer, order.id, json.dumps(event))
    rows = await fetch(connection, "order-paid", _PAID, parameters)
    return Publication(rows[0][0], event) if rows else None


async def declined(
    connection: AsyncConnection, order: Order, *, answer: int | None = None, restock: bool = True
) -> bool:
    """Mark the order declined and return its stock; False when it was settled before."""
    async with connection.transaction():
        if not await execute(connection, "order-declined", _DECLINED, (answer, order.id)):
            return False
        if restock:
            await execute(connection, "stock-return", _GIVE_BACK, (order.id,))
    return True
