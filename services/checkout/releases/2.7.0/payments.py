"""Charging the bank: with patience by flag, and with a breaker for a bank that fails or is slow."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import Gauge

from shared.bank import BankClient, Charged, Outcome, bank_key
from shared.breaker import Breaker, Limits, State
from shared.flags import flags
from shared.logs import Log

_LOG = Log("payments")
_BREAKER_OPEN = Gauge("bank_breaker_open", "1 while the breaker keeps orders away from the bank")


class Payments:
    def __init__(self, bank: BankClient) -> None:
        self._bank = bank
        self._breaker = Breaker(time.monotonic)
        _BREAKER_OPEN.set_function(lambda: not self.may_charge())

    def may_charge(self) -> bool:
        """Whether an order may wait for the bank now; always, unless the breaker is on and not closed."""
        return not flags.on("checkout-bank-breaker") or self._breaker.state(_limits()) is State.CLOSED

    async def charge(
        self, *, key: str, order: int, card: str, amount_cents: int, patience_s: float | None = None
    ) -> Charged:
        """One attempt, for as long as the bank timeout or the caller's patience allows."""
        timeout_s = flags.seconds("checkout-bank-timeout")
        charged = await self._bank.charge(
            key=bank_key(key),
            reference=str(order),
            card=card,
            amount_cents=amount_cents,
            timeout_s=timeout_s if patience_s is None else min(patience_s, timeout_s),
        )
        if charged.outcome is Outcome.DECLINED:
            _LOG.info("payment declined", order=order, amount_cents=amount_cents)
        if flags.on("checkout-bank-breaker"):
            was_closed = self.may_charge()
            self._breaker.record(
                _limits(), ok=charged.outcome is not Outcome.UNKNOWN, seconds=charged.seconds
            )
            if was_closed and not self.may_charge():
                _LOG.warning("breaker opened", dependency="bank")
        return charged

    async def probe(self) -> None:
        """While the breaker is open, ask the bank something harmless until it is well, no user waiting."""
        while True:
            await asyncio.sleep(max(0.1, flags.seconds("checkout-bank-probe")))
            if self.may_charge() or not self._breaker.allows(_limits()):
                continue
            ok, seconds = await self._bank.probe(timeout_s=flags.seconds("checkout-bank-timeout"))
            self._breaker.record(_limits(), ok=ok, seconds=seconds)
            if self.may_charge():
                _LOG.warning("breaker closed", dependency="bank")


def _limits() -> Limits:
    return Limits(slow_s=flags.seconds("checkout-bank-slow"))
