"""What a user does in the shop, one module per journey, each with its own idea of a right answer."""

from __future__ import annotations

from collections.abc import Callable

from load.journeys import account_history, cart, checkout, home, order_status, product, search
from load.journeys.visit import Answer, Bad, Door, Shed, Visit

JOURNEYS: dict[str, Callable[[Visit], None]] = {
    "home": home.visit,
    "product": product.visit,
    "search": search.visit,
    "cart": cart.visit,
    "checkout": checkout.visit,
    "order-status": order_status.visit,
    "account-history": account_history.visit,
}
"""Each makes its requests and returns when all was well; otherwise it raises Bad or Shed."""

__all__ = ["JOURNEYS", "Answer", "Bad", "Door", "Shed", "Visit"]
