"""The state of an order: what the ledger knows of it, or better."""

from __future__ import annotations

from load.journeys.visit import Visit, require, rows
from load.ledger import Order, may_follow

FULFILLED_WITHIN_S = 15.0
"""From its checkout on; a worker that dies on the way costs ten of them, until another takes over."""


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
    if body.get("fulfilled") is False:
        _require_time_left(visit, order)


def _require_time_left(visit: Visit, order: Order) -> None:
    """Where the shop says whether an order is fulfilled, one that was paid at once may not wait for ever."""
    late = order.paid_at_once and visit.wall_s - order.begun_s > FULFILLED_WITHIN_S
    require(not late, f"paid, and not fulfilled after {FULFILLED_WITHIN_S:g} s")


def _visit_stranger(visit: Visit) -> None:
    """Before load has placed any order: one of an account's older ones, which must say the same twice."""
    history = rows(visit.get(f"/api/customers/{visit.keys.buyer(visit.random)}/history"), "orders")
    if history:
        known = history[0]
        body = visit.get(f"/api/orders/{known.get('order')}")
        for field in ("order", "total_cents"):
            require(body.get(field) == known.get(field), f"{field} differs from the account's history")
