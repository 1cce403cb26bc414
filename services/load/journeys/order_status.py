"""The state of an order: what the ledger knows of it, or better."""

from __future__ import annotations

from load.journeys.visit import Visit, require, rows
from load.ledger import may_follow


def visit(visit: Visit) -> None:
    order = visit.ledger.some(visit.random)
    if order is None:
        _visit_stranger(visit)
        return
    before = order.state  # as of the asking: answers may overtake each other
    body = visit.get(f"/api/orders/{order.number}")
    require(body.get("order") == order.number, "another order")
    require(body.get("total_cents") == order.total_cents, "wrong total")
    state = str(body.get("state"))
    require(may_follow(before, state), f"{state} after {before}")
    visit.ledger.seen(order, state)


def _visit_stranger(visit: Visit) -> None:
    """Before load has placed any order: one of an account's older ones, which must say the same twice."""
    history = rows(visit.get(f"/api/customers/{visit.keys.buyer(visit.random)}/history"), "orders")
    if history:
        known = history[0]
        body = visit.get(f"/api/orders/{known.get('order')}")
        for field in ("order", "total_cents"):
            require(body.get(field) == known.get(field), f"{field} differs from the account's history")
