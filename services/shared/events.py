"""Events about orders, and the stream they travel in."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from shared import trace

STREAM = "orders"
DEAD = "orders-dead"
GROUP = "fulfilment"
Event = dict[str, str]


def order_paid(*, order: int, customer: int, total_cents: int) -> Event:
    """The event of an order that was paid, with the trace it belongs to."""
    return {
        "kind": "order-paid",
        "schema": "1",
        "order": str(order),
        "customer": str(customer),
        "total_cents": str(total_cents),
        "traceparent": trace.traceparent(trace.span()),
    }


async def publish(redis: Redis, event: Event) -> str:
    """Append to the stream; the entry's id."""
    fields: dict[Any, Any] = dict(event)
    return str(await redis.xadd(STREAM, fields))
