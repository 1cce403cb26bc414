"""The private ledger: every order that load tried to place, and what became of it."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from itertools import islice

KEEP_S = 3600.0
KEEP_OF_CUSTOMER = 10
RECENT = 500
_NEXT = {
    "paid": {"paid"},
    "payment_pending": {"payment_pending", "paid", "declined"},
    "declined": {"declined"},
}


def may_follow(before: str, state: str) -> bool:
    """Whether an order can be in `state` that was in `before` earlier."""
    return state in _NEXT.get(before, ())


@dataclass(slots=True)
class Order:
    """`state` is what the shop last said: unknown until it has answered, refused when there is no order.

    `paid_at_once` is true when it was the answer to the checkout itself.
    """

    sequence: int
    key: str
    customer: int
    total_cents: int
    begun_s: float
    epoch: int
    number: int | None = None
    state: str = "unknown"
    paid_at_once: bool = False

    def plain(self) -> dict[str, object]:
        return {
            "seq": self.sequence,
            "order": self.number,
            "key": self.key,
            "customer": self.customer,
            "total_cents": self.total_cents,
            "state": self.state,
            "placed_s": self.begun_s,
        }


class Ledger:
    """Orders of the last hour, in the order in which they were tried; times are wall-clock seconds."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._sequence = 0
        self._epoch = 0
        self._orders: deque[Order] = deque()
        self._accepted: deque[Order] = deque(maxlen=RECENT)
        self._of_customer: dict[int, deque[Order]] = {}

    def begin(self, key: str, customer: int, total_cents: int, now_s: float) -> Order:
        """An order is about to be sent; whatever happens to it, it is known."""
        while self._orders and now_s - self._orders[0].begun_s > KEEP_S:
            self._orders.popleft()
        self._sequence += 1
        order = Order(self._sequence, key, customer, total_cents, now_s, self._epoch)
        self._orders.append(order)
        return order

    def accepted(self, order: Order, number: int, state: str) -> None:
        """The shop has promised to keep this order."""
        order.number, order.state, order.paid_at_once = number, state, state == "paid"
        if order.epoch == self._epoch:
            self._accepted.append(order)
            mine = self._of_customer.setdefault(order.customer, deque(maxlen=KEEP_OF_CUSTOMER))
            mine.append(order)

    def refused(self, order: Order) -> None:
        order.state = "refused"

    def seen(self, order: Order, state: str) -> None:
        """A later look; an older answer that comes last changes nothing."""
        if may_follow(order.state, state):
            order.state = state

    def some(self, source: random.Random) -> Order | None:
        """One of the recent accepted orders; None before the first."""
        return self._accepted[source.randrange(len(self._accepted))] if self._accepted else None

    def of(self, customer: int, *, accepted_before: float) -> list[Order]:
        """A customer's newest accepted orders that were begun before a time, the newest first."""
        mine = self._of_customer.get(customer, ())
        return [order for order in reversed(mine) if order.begun_s < accepted_before]

    def forget(self) -> None:
        """The shop's data was replaced: no order of before exists, not even one being placed now."""
        self._epoch += 1
        self._orders.clear()
        self._accepted.clear()
        self._of_customer.clear()

    def after(self, sequence: int) -> list[Order]:
        """Orders with a higher sequence number, in order."""
        first = self._orders[0].sequence if self._orders else 0
        return list(islice(self._orders, max(0, sequence + 1 - first), None))
