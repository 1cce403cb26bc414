"""Reviews before buying: the product's page is right, and has the reviews that the shop knows of it."""

from __future__ import annotations

from load.journeys.visit import Visit, require, require_product, rows
from shared import catalogue


def visit(visit: Visit) -> None:
    product = visit.keys.product(visit.random)
    page = visit.get(f"/api/products/{product}")
    require(require_product(page) == product, "another product")
    expected = min(catalogue.review_count(product), catalogue.SHOWN_REVIEWS)
    require(len(rows(page, "reviews")) == expected, "not all reviews are there")
