"""Settles payments that the checkout left pending: each once, with the bank's own idempotency key."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from prometheus_client import Counter

from shared import settlement, trace
from shared.bank import BankClient, Outcome, bank_key
from shared.db import Database, execute, fetch
from shared.errors import Unavailable
from shared.flags import flags
from shared.logs import Log
from shared.settlement import Order

_LOG = Log("settlement")
_SETTLED = Counter("worker_settlements", "Attempts to settle a pending payment", ("outcome",))
# A lease, so that no other worker asks the bank at the same time; it outlives the bank timeout.
_CLAIM = """
    update orders set settle_after = clock_timestamp() + make_interval(secs => %s)
    where id in (
        select id from orders where state = 'payment_pending' and settle_after <= clock_timestamp()
        order by settle_after limit %s for update skip locked
    )
    returning id, customer, total_cents, card, idempotency_key
"""


_AGAIN = """
    update orders set settle_after = clock_timestamp() + interval '2 seconds'
    where id = %s and state = 'payment_pending'
"""


@dataclass(frozen=True)
class Pending:
    order: Order
    card: str
    key: str


class Settlement:
    def __init__(self, database: Database, bank: BankClient) -> None:
        self._database = database
        self._bank = bank
        for outcome in Outcome:
            _SETTLED.labels(outcome)

    async def run(self) -> None:
        """Look for pending payments and settle them, for as long as the worker runs."""
        while True:
            try:
                found = await self._claim()
                await asyncio.gather(*(self._settle(pending) for pending in found))
            except Unavailable as error:
                _LOG.error("settlement waits", error=error.message)
                found = []
            if not found:
                await asyncio.sleep(max(0.1, flags.seconds("worker-settle-interval")))

    async def _claim(self) -> list[Pending]:
        lease_s = flags.seconds("worker-bank-timeout") + 5
        async with self._database.connection() as connection:
            parameters = (lease_s, flags.whole("worker-settle-concurrency"))
            rows = await fetch(connection, "pending-claim", _CLAIM, parameters)
        return [Pending(Order(row[0], row[1], row[2]), card=row[3], key=row[4]) for row in rows]

    async def _settle(self, pending: Pending) -> None:
        trace.begin()
        began = time.monotonic()
        order = pending.order
        charged = await self._bank.charge(
            key=bank_key(pending.key),
            reference=str(order.id),
            card=pending.card,
            amount_cents=order.total_cents,
            timeout_s=flags.seconds("worker-bank-timeout"),
        )
        _SETTLED.labels(charged.outcome).inc()
        async with self._database.connection() as connection:
            match charged.outcome:
                case Outcome.UNKNOWN:
                    await execute(connection, "pending-again", _AGAIN, (order.id,))
                case Outcome.DECLINED:
                    await settlement.declined(connection, order)
                case Outcome.CHARGED:
                    await settlement.paid(connection, order, charged)  # the outbox publishes it
        ms = round((time.monotonic() - began) * 1000, 1)
        _LOG.info("payment asked for", span=trace.span(), order=order.id, outcome=charged.outcome, ms=ms)
