"""The home listing: right products at right prices, at most a minute old."""

from __future__ import annotations

from load.journeys.visit import Bad, Visit, require, require_product, rows

OLDEST_S = 60.0


def visit(visit: Visit) -> None:
    body = visit.get("/api/home")
    products = rows(body, "products")
    require(bool(products), "an empty listing")
    for row in products:
        require_product(row)
    made_s = body.get("generated_at")
    if isinstance(made_s, bool) or not isinstance(made_s, int | float):
        raise Bad("no generated_at")
    require(visit.wall_s - made_s <= OLDEST_S, "a listing that is too old")
