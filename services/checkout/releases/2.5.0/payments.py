"""Charging the bank: again while it does not answer, and with a breaker for when it is slow or fails."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from prometheus_client import Gauge

from shared.bank import BankClient, Charged, Outcome, bank_key
from shared.breaker import Breaker, Limits, State
from shared.flags import flags
from shared.logs import Log

_LOG = Log("payments")
_EACH_S = 0.6  # the bank answers in a quarter of a second, or not at all
_PAUSE_S = 0.5
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
        """Ask, and ask again while there is no answer; once alone where the caller's patience is limited."""
        asked = {"key": bank_key(key), "reference": str(order), "card": card, "amount_cents": amount_cents}
        attempts = flags.whole("checkout-bank-attempts") if patience_s is None else 1
        charged = await self._attempt(patience_s or _EACH_S, **asked)
        for _ in range(attempts - 1):
            if charged.outcome is not Outcome.UNKNOWN or not self.may_charge():
                break
            await asyncio.sleep(_PAUSE_S)
            charged = await self._attempt(_EACH_S, **asked)
        if charged.outcome is Outcome.DECLINED:
            _LOG.info("payment declined", order=order, amount_cents=amount_cents)
        return charged

    async def _attempt(self, patience_s: float, **asked: Any) -> Charged:
        timeout_s = min(patience_s, flags.seconds("checkout-bank-timeout"))
        charged = await self._bank.charge(timeout_s=timeout_s, **asked)
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
