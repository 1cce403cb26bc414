"""A product page: the right product at its price; reviews and recommendations are a bonus."""

from __future__ import annotations

from load.journeys.visit import Visit, require, require_product


def visit(visit: Visit) -> None:
    product = visit.keys.viewed(visit.random, visit.star_share)
    body = visit.get(f"/api/products/{product}")
    require(require_product(body) == product, "another product")
    for extra in ("reviews", "recommendations"):
        require(isinstance(body.get(extra), list | None), f"{extra} is neither a list nor null")
