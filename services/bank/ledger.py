"""The charges the bank remembers, in memory and bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

_REMEMBERED = 50_000


class Outcome(StrEnum):
    CHARGED = "charged"
    DECLINED = "declined"


@dataclass(frozen=True)
class Charge:
    number: int
    key: str
    reference: str
    amount_cents: int
    outcome: Outcome


class Ledger:
    """One charge per idempotency key; the oldest are forgotten beyond `remembered`."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._charges: OrderedDict[str, Charge] = OrderedDict()
        self._numbers = count(1)

    def find(self, key: str) -> Charge | None:
        return self._charges.get(key)

    def add(self, key: str, reference: str, amount_cents: int, outcome: Outcome) -> Charge:
        """The charge of this key: the first one stands, whatever is asked later."""
        if known := self._charges.get(key):
            return known
        charge = Charge(next(self._numbers), key, reference, amount_cents, outcome)
        self._charges[key] = charge
        if len(self._charges) > self._remembered:
            self._charges.popitem(last=False)
        return charge

    def charged_cents(self) -> int:
        return sum(charge.amount_cents for charge in self._charged())

    def charged(self) -> int:
        return len(self._charged())

    def doubled(self) -> list[str]:
        """References that were charged more than once, under different keys."""
        seen = Counter(charge.reference for charge in self._charged())
        return [reference for reference, times in seen.items() if times > 1]

    def _charged(self) -> list[Charge]:
        return [charge for charge in self._charges.values() if charge.outcome is Outcome.CHARGED]
