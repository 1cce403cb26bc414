"""Placing an order, once, however often its idempotency key comes."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation

from checkout import gifts, records, stock
from checkout.form import Form
from checkout.payments import Payments
from checkout.publisher import Publisher
from checkout.records import Placed
from shared import settlement
from shared.bank import Charged, Outcome
from shared.db import Database
from shared.errors import NotFound, Unavailable
from shared.flags import flags
from shared.settlement import Order, Publication


class Orders:
    def __init__(self, database: Database, payments: Payments, publisher: Publisher) -> None:
        self._database = database
        self._payments = payments
        self._publisher = publisher

    async def place(self, form: Form) -> Placed:
        """Store the order, let go of the database, then charge; whoever comes again goes on from there."""
        try:
            return await self._store_then_charge(form)
        except records.Repeated:
            return await self._first_answer(form)
        except ForeignKeyViolation:
            raise NotFound(f"there is no customer {form.customer}") from None

    async def _store_then_charge(self, form: Form) -> Placed:
        """202 when the bank does not answer: the worker settles it."""
        async with self._database.connection() as connection:
            earlier = await records.answered(connection, form.key)
            if earlier and earlier.status != 202:
                return earlier
            order = await self._store(connection, form) if earlier is None else _of(earlier, form)
        pending = Placed(202, order.id, order.total_cents)
        if not self._payments.may_charge():
            return pending
        charged = await self._charge(form, order, patience_s=patience_s())
        if charged.outcome is Outcome.UNKNOWN:
            return pending
        try:
            return await self._settle(order, charged)
        except Unavailable:
            return pending  # the worker asks the bank again, with the same key

    async def _store(self, connection: AsyncConnection, form: Form) -> Order:
        total = await records.total_cents(connection, form)
        gift = await gifts.offered(connection, form.lines)
        async with connection.transaction():
            order = await records.store(connection, form, total, pending=True)
            await gifts.store(connection, order, gift)
            await stock.take(connection, gifts.added(form.lines, gift))
        return order

    async def _settle(self, order: Order, charged: Charged) -> Placed:
        """What the bank said becomes the order's, if it is not yet; then it is told."""
        publication: Publication | None = None
        async with self._database.connection() as connection:
            if charged.outcome is Outcome.DECLINED:
                await settlement.declined(connection, order, answer=402)
            else:
                publication = await settlement.paid(connection, order, charged, answer=201)
        if publication:
            await self._publisher.publish(publication)
        status = 402 if charged.outcome is Outcome.DECLINED else 201
        return Placed(status, order.id, order.total_cents)

    async def _charge(self, form: Form, order: Order, *, patience_s: float | None = None) -> Charged:
        return await self._payments.charge(
            key=form.key,
            order=order.id,
            card=form.card,
            amount_cents=order.total_cents,
            patience_s=patience_s,
        )

    async def _first_answer(self, form: Form) -> Placed:
        async with self._database.connection() as connection:
            if earlier := await records.answered(connection, form.key):
                return earlier
        raise Unavailable("an order with this key is being placed")


def _of(placed: Placed, form: Form) -> Order:
    return Order(placed.order, form.customer, placed.total_cents)


def patience_s() -> float | None:
    """How long the bank is waited for, once; None while it may be asked again."""
    return flags.seconds("checkout-pending-patience") if flags.on("checkout-pending-fallback") else None
