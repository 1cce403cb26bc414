"""Stock: taken in short statements, so that nobody holds a popular product while waiting for a bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from psycopg import AsyncConnection

from shared.db import execute
from shared.errors import Conflict

Lines = tuple[tuple[int, int], ...]

_TAKE = "update stock set available = available - %s where product = %s and available >= %s"
_RESERVE = """
    with taken as (
        update stock set available = available - %s where product = %s and available >= %s returning product
    )
    insert into reservations (holder, product, quantity) select %s, product, %s from taken
"""
_RELEASE = """
    with released as (delete from reservations where holder = %s returning product, quantity)
    update stock s set available = s.available + r.quantity from released r where s.product = r.product
"""
_CONSUME = "delete from reservations where holder = %s"


@asynccontextmanager
async def reserved(connection: AsyncConnection, lines: Lines) -> AsyncIterator[str]:
    """Stock is taken for the holder that the block gets, and given back when the block fails.

    One product after the other, each in a statement of its own: outside of a transaction its row is
    locked for that statement only. Conflict when one is sold out.
    """
    holder = uuid4().hex
    try:
        await _reserve(connection, holder, lines)
        yield holder
    except BaseException:
        if not connection.broken:  # else the worker returns it
            await release(connection, holder)
        raise


async def _reserve(connection: AsyncConnection, holder: str, lines: Lines) -> None:
    for product, quantity in lines:
        parameters = (quantity, product, quantity, holder, quantity)
        if not await execute(connection, "stock-reserve", _RESERVE, parameters):
            raise Conflict(f"product {product} is sold out")


async def consume(connection: AsyncConnection, holder: str) -> None:
    """The holder's stock is sold: there is nothing to give back any more."""
    await execute(connection, "stock-consume", _CONSUME, (holder,))


async def release(connection: AsyncConnection, holder: str) -> None:
    """Give back what `holder` reserved."""
    await execute(connection, "stock-release", _RELEASE, (holder,))


async def take(connection: AsyncConnection, lines: Lines) -> None:
    """Take stock inside the caller's transaction: its rows stay locked until that ends."""
    for product, quantity in lines:
        if not await execute(connection, "stock-take", _TAKE, (quantity, product, quantity)):
            raise Conflict(f"product {product} is sold out")
