"""The rows of an order. An order's row is also the record of its idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from checkout.form import Form
from shared.db import execute, fetch
from shared.errors import NotFound
from shared.settlement import Order

_STATES = {201: "paid", 202: "payment_pending", 402: "declined"}
_SETTLE_AFTER_S = 5  # by then the checkout itself has given up on the bank
_ANSWERED = "select id, answer, total_cents from orders where idempotency_key = %s and answer is not null"
_TOTAL = """
    select count(*), coalesce(sum(p.price_cents * w.quantity), 0)::integer
    from unnest(%s::integer[], %s::integer[]) as w (product, quantity) join products p on p.id = w.product
"""
_STORE = """
    insert into orders (customer, state, total_cents, card, idempotency_key, answer, settle_after)
    values (%s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
    on conflict (idempotency_key) do nothing returning id
"""
_STORE_ITEMS = """
    insert into order_items (order_id, customer, product, title, quantity, price_cents)
    select %s, %s, w.product, p.title, w.quantity, p.price_cents
    from unnest(%s::integer[], %s::integer[]) as w (product, quantity) join products p on p.id = w.product
"""


class Repeated(Exception):
    """An order with this key was stored by another request meanwhile."""


@dataclass(frozen=True)
class Placed:
    """What the customer is told: 201 paid, 202 payment_pending or 402 declined."""

    status: int
    order: int
    total_cents: int

    def body(self) -> dict[str, Any]:
        return {"order": self.order, "state": _STATES[self.status], "total_cents": self.total_cents}


async def answered(connection: AsyncConnection, key: str) -> Placed | None:
    """The first answer that was given for this key; None before there is one."""
    rows = await fetch(connection, "order-answered", _ANSWERED, (key,))
    return Placed(status=rows[0][1], order=rows[0][0], total_cents=rows[0][2]) if rows else None


async def total_cents(connection: AsyncConnection, form: Form) -> int:
    """What the lines cost; NotFound when a product does not exist."""
    [(found, total)] = await fetch(connection, "order-total", _TOTAL, form.columns())
    if found != len(form.lines):
        raise NotFound("the order names a product that does not exist")
    return int(total)


async def store(connection: AsyncConnection, form: Form, total: int, *, pending: bool) -> Order:
    """Insert the order and its items, inside the caller's transaction; Repeated when its key is taken.

    While another transaction is storing the same key, this waits for its end.
    """
    state, answer = ("payment_pending", 202) if pending else ("placed", None)
    row = (form.customer, state, total, form.card, form.key, answer, _SETTLE_AFTER_S)
    stored = await fetch(connection, "order-store", _STORE, row)
    if not stored:
        raise Repeated(form.key)
    order = Order(stored[0][0], form.customer, total)
    items = (order.id, form.customer, *form.columns())
    await execute(connection, "order-items-store", _STORE_ITEMS, items)
    return order
