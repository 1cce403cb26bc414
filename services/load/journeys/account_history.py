"""An account's orders: load's own among them, each with its total and a state that can be true."""

from __future__ import annotations

from load.journeys.visit import Bad, Visit, require, rows
from load.ledger import may_follow

FRESH_WITHIN_S = 5.0
LOOKED_AT = 3


def visit(visit: Visit) -> None:
    customer = visit.keys.account(visit.random, visit.dealer_share)
    due = visit.ledger.of(customer, accepted_before=visit.wall_s - FRESH_WITHIN_S)[:LOOKED_AT]
    known = [(order, order.state) for order in due]  # as of the asking: answers may overtake each other
    body = visit.get(f"/api/customers/{customer}/history")
    shown = {row.get("order"): row for row in rows(body, "orders")}
    for order, before in known:
        row = shown.get(order.number)
        if row is None:
            raise Bad("an order is missing")
        state = str(row.get("state"))
        require(row.get("total_cents") == order.total_cents, "wrong total")
        require(may_follow(before, state), f"{state} after {before}")
