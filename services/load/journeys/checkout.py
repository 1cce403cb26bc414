"""An order: paid, or accepted as pending, or declined where the card is bad. The ledger remembers it."""

from __future__ import annotations

from load.journeys.visit import Answer, Bad, Shed, Visit, plain, require
from load.ledger import Order
from shared import catalogue

DECLINED_SHARE = 0.08
TWO_ITEMS_SHARE = 0.3


def visit(visit: Visit) -> None:
    customer = visit.keys.buyer(visit.random)
    items = [
        {"product": product, "quantity": visit.random.randint(1, 3)}
        for product in visit.keys.products(visit.random, 2 if _chance(visit, TWO_ITEMS_SHARE) else 1)
    ]
    declined = _chance(visit, DECLINED_SHARE)
    card = f"card-{'declined' if declined else 'ok'}-{customer}"
    total = sum(catalogue.price_cents(item["product"]) * item["quantity"] for item in items)
    order = visit.ledger.begin(f"{visit.ledger.run}-{visit.number}", customer, total, visit.wall_s)
    try:
        answer = visit.ask(
            "POST",
            "/api/checkout",
            {"customer": customer, "items": items, "card": card},
            {"Idempotency-Key": order.key},
        )
    except Shed:
        visit.ledger.refused(order)
        raise
    _check(visit, order, answer, declined=declined)


def _chance(visit: Visit, share: float) -> bool:
    return visit.random.random() < share


def _check(visit: Visit, order: Order, answer: Answer, *, declined: bool) -> None:
    body = plain(answer, 201, 202, 402)
    if answer.status == 402:
        visit.ledger.refused(order)
        require(declined, "a good card was declined")
        require(body.get("state") == "declined", "declined without saying so")
        return
    number = body.get("order")
    if type(number) is not int:
        raise Bad("accepted without an order number")
    expected = "paid" if answer.status == 201 else "payment_pending"
    visit.ledger.accepted(order, number, expected)
    require(body.get("state") == expected, f"state is {body.get('state')!r}, not {expected!r}")
    require(answer.status == 202 or not declined, "a declined card was charged")
    if answer.status == 201:
        require(body.get("total_cents") == order.total_cents, "wrong total")
