"""Fulfilling one paid order: doing it twice is the same as doing it once."""

from __future__ import annotations

from dataclasses import dataclass

from shared.db import Database, execute
from shared.events import Event
from shared.flags import flags

_FULFIL = "update orders set fulfilled_at = clock_timestamp() where id = %s and fulfilled_at is null"
_RECEIPT = "insert into receipts (order_id, customer) values (%s, %s) on conflict do nothing"
_NAMES = {"1": ("order", "customer"), None: ("order_id", "customer_id")}
"""What each schema calls the order and the customer."""


class Unreadable(Exception):
    """An event that cannot be understood."""


@dataclass(frozen=True)
class PaidOrder:
    order: int
    customer: int


def read(event: Event) -> PaidOrder:
    """The order that an event is about; Unreadable when a field is missing or means nothing to us.

    Without `schema` it is from before there were any, when names were others.
    """
    if event.get("kind") != "order-paid" or event.get("schema") not in _NAMES:
        raise Unreadable(f"kind {event.get('kind')!r}, schema {event.get('schema')!r}")
    order, customer = _NAMES[event.get("schema")]
    try:
        return PaidOrder(int(event[order]), int(event[customer]))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"order or customer: {error!r}") from error


class Fulfilment:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, event: Event) -> None:
        """Mark the order fulfilled and send its receipt; Unreadable, Unavailable."""
        paid = read(event)
        async with self._database.connection() as connection, connection.transaction():
            await execute(connection, "order-fulfil", _FULFIL, (paid.order,))
            if flags.on("worker-receipts"):
                await execute(connection, "receipt", _RECEIPT, (paid.order, paid.customer))
