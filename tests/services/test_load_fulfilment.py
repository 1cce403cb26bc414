"""Order status: where the shop tells whether an order is fulfilled, load holds it to its time."""

from __future__ import annotations

from typing import Any

import pytest

from load.journeys import JOURNEYS, Bad
from load.journeys.order_status import FULFILLED_WITHIN_S
from load.ledger import Ledger
from tests.services.load_parts import NOW_S, ScriptedDoor, answer, visit

LATE_S = FULFILLED_WITHIN_S + 1


def ask(ledger: Ledger, **told: Any) -> None:
    """A look at the ledger's one order, of which the shop tells this much more."""
    body = {"order": 12, "state": "paid", "total_cents": 500, **told}
    JOURNEYS["order-status"](visit(ScriptedDoor(answer(body)), ledger))


def ledger_with(state: str, *, age_s: float) -> Ledger:
    ledger = Ledger("run")
    ledger.accepted(ledger.begin("key", 1, 500, NOW_S - age_s), 12, state)
    return ledger


def test_a_paid_order_has_some_time_until_it_is_fulfilled() -> None:
    """It may wait for as long as was promised, and be fulfilled at any time."""
    ask(ledger_with("paid", age_s=LATE_S - 2), fulfilled=False)
    ask(ledger_with("paid", age_s=LATE_S), fulfilled=True)


def test_a_paid_order_that_waits_for_longer_is_bad() -> None:
    """Though the answer is quick and true: customers were promised more."""
    with pytest.raises(Bad, match="not fulfilled after 15 s"):
        ask(ledger_with("paid", age_s=LATE_S), fulfilled=False)


def test_a_shop_that_does_not_tell_is_not_asked() -> None:
    """The shop as it ships says nothing about it."""
    ask(ledger_with("paid", age_s=3600))


def test_an_order_that_was_pending_has_no_such_promise() -> None:
    """When it was paid is not known, only when that was seen first."""
    ledger = ledger_with("payment_pending", age_s=3600)
    ask(ledger, fulfilled=False)
    ask(ledger, fulfilled=False)
