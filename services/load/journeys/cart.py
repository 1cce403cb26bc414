"""A line is put into a cart and read back: acknowledged must mean kept."""

from __future__ import annotations

from typing import Any

from load.journeys.visit import Visit, plain, require, rows


def visit(visit: Visit) -> None:
    with visit.keys.cart(visit.random) as (customer, product):
        line = {"product": product, "quantity": visit.random.randint(1, 9)}
        path = f"/api/cart/{customer}"
        require(_holds(plain(visit.ask("PUT", path, line), 200), line), "the cart lacks the new line")
        require(_holds(visit.get(path), line), "acknowledged and lost")


def _holds(cart: dict[str, Any], line: dict[str, int]) -> bool:
    return any(row.items() >= line.items() for row in rows(cart, "items"))
