"""The shop's front door, tried as a customer would: does each journey's whole chain answer?"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

from labctl.clock import await_until

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

WITHIN_S = 15.0
_CUSTOMER = 1
_PRODUCT = 1


def await_answers(lab: Lab) -> None:
    """Return once every journey has answered well; Timeout names those that did not."""
    missing = dict(_JOURNEYS)
    said: dict[str, str] = {}

    def answered() -> bool:
        for journey, ask in list(missing.items()):
            try:
                answer = ask(door)
            except httpx.HTTPError as error:
                said[journey] = type(error).__name__
                continue
            said[journey] = f"{answer.status_code} {answer.text[:80]}"
            if answer.is_success:
                del missing[journey]
        return not missing

    with httpx.Client(base_url=lab.front, timeout=5.0, trust_env=False) as door:
        await_until(
            answered,
            what="an answer at the front door",
            within_s=WITHIN_S,
            clock=lab.clock,
            last_seen=lambda: "; ".join(f"{journey}: {said[journey]}" for journey in missing),
        )


def _order(door: httpx.Client) -> httpx.Response:
    """Place an order and look it up: database, bank and stream."""
    body = {
        "customer": _CUSTOMER,
        "items": [{"product": _PRODUCT, "quantity": 1}],
        "card": f"card-ok-{secrets.token_hex(4)}",
    }
    placed = door.post("/api/checkout", json=body, headers={"Idempotency-Key": secrets.token_hex(16)})
    if not placed.is_success:
        return placed
    return door.get(f"/api/orders/{placed.json()['order']}")


_JOURNEYS: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "home": lambda door: door.get("/api/home"),
    "product": lambda door: door.get(f"/api/products/{_PRODUCT}"),
    "search": lambda door: door.get("/api/search", params={"q": "lamp"}),
    "cart": lambda door: door.get(f"/api/cart/{_CUSTOMER}"),
    "checkout and order-status": _order,
    "account-history": lambda door: door.get(f"/api/customers/{_CUSTOMER}/history"),
}
