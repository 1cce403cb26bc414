"""Placing an order, once, however often its idempotency key comes."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation

from checkout import gifts, records, stock
from checkout.form import Form
from checkout.payments import Payments
from checkout.publisher import Publisher
from checkout.records import Placed
from checkout.resting import Resting
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
        self._resting = Resting(database)

    async def place(self, form: Form) -> Placed:
        """Charge and store at once; or, by flag or while the breaker is open, store first."""
        store_first = flags.on("checkout-pending-fallback") or not self._payments.may_charge()
        try:
            return await (self._store_then_charge(form) if store_first else self._charge_and_store(form))
        except records.Repeated:
            return await self._first_answer(form)
        except ForeignKeyViolation:
            raise NotFound(f"there is no customer {form.customer}") from None

    async def _charge_and_store(self, form: Form) -> Placed:
        """Reserve the stock; then store, charge and mark paid in one transaction; then publish."""
        publication: Publication | None = None
        async with self._database.connection() as connection:
            if earlier := await records.answered(connection, form.key):
                return earlier
            total = await records.total_cents(connection, form)
            gift = await gifts.offered(connection, form.lines)
            taken = gifts.added(form.lines, gift)
            reserve = flags.on("checkout-reserve-stock")
            async with (
                stock.reserved(connection, taken if reserve else ()) as holder,
                connection.transaction(),
            ):
                order = await records.store(connection, form, total, pending=False)
                await gifts.store(connection, order, gift)
                if not reserve:
                    await stock.take(connection, taken)
                charged = await self._charge_unless_at_rest(connection, form, order)
                match charged.outcome:
                    case Outcome.UNKNOWN:
                        raise Unavailable("the bank did not answer")
                    case Outcome.DECLINED:
                        await settlement.declined(connection, order, answer=402)
                    case Outcome.CHARGED:
                        publication = await settlement.paid(connection, order, charged, answer=201)
                await stock.consume(connection, holder)
        return await self._tell(order, publication)

    async def _store_then_charge(self, form: Form) -> Placed:
        """Store the order, let go of the database, and give the bank a moment; else the worker settles it."""
        async with self._database.connection() as connection:
            if earlier := await records.answered(connection, form.key):
                return earlier
            total = await records.total_cents(connection, form)
            gift = await gifts.offered(connection, form.lines)
            async with connection.transaction():
                order = await records.store(connection, form, total, pending=True)
                await gifts.store(connection, order, gift)
                await stock.take(connection, gifts.added(form.lines, gift))
        pending = Placed(202, order.id, order.total_cents)
        if not self._payments.may_charge():
            return pending
        charged = await self._charge(form, order, patience_s=flags.seconds("checkout-pending-patience"))
        if charged.outcome is Outcome.UNKNOWN:
            return pending
        publication: Publication | None = None
        try:
            async with self._database.connection() as connection:
                if charged.outcome is Outcome.DECLINED:
                    await settlement.declined(connection, order, answer=402)
                else:
                    publication = await settlement.paid(connection, order, charged, answer=201)
        except Unavailable:
            return pending  # the worker asks the bank again, with the same key
        return await self._tell(order, publication)

    async def _charge_unless_at_rest(self, connection: AsyncConnection, form: Form, order: Order) -> Charged:
        """A card at rest is declined without asking the bank; one that the bank declines goes to rest."""
        if not flags.on("checkout-rest-declined"):
            return await self._charge(form, order)
        if await self._resting.rests(connection, form.card):
            return Charged(Outcome.DECLINED, 0.0)
        charged = await self._charge(form, order)
        if charged.outcome is Outcome.DECLINED:
            self._resting.begin(form.card)
        return charged

    async def _charge(self, form: Form, order: Order, *, patience_s: float | None = None) -> Charged:
        return await self._payments.charge(
            key=form.key,
            order=order.id,
            card=form.card,
            amount_cents=order.total_cents,
            patience_s=patience_s,
        )

    async def _tell(self, order: Order, publication: Publication | None) -> Placed:
        """Publish what was paid; without a publication the order was declined."""
        if publication is None:
            return Placed(402, order.id, order.total_cents)
        await self._publisher.publish(publication)
        return Placed(201, order.id, order.total_cents)

    async def _first_answer(self, form: Form) -> Placed:
        async with self._database.connection() as connection:
            if earlier := await records.answered(connection, form.key):
                return earlier
        raise Unavailable("an order with this key is being placed")
