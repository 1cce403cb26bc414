"""reviews: which pages its users take for right. It runs against a page that is made up: no shop."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from incident_lab_freeze.journeys import reviews

from load.journeys.visit import Answer, Bad, Visit
from load.keys import Keys
from load.ledger import Ledger
from shared import catalogue

REVIEW = {"id": 1, "stars": 5, "body": "Good.", "by": "Ada", "helpful": 3}


class Door:
    """Answers each product's page with `missing` of its reviews left out, or with null where that is None."""

    def __init__(self, missing: int | None) -> None:
        self._missing = missing

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        assert (method, body, headers) == ("GET", None, None)
        number = int(path.removeprefix("/api/products/"))
        known = min(catalogue.review_count(number), catalogue.SHOWN_REVIEWS)
        page: dict[str, Any] = {
            "id": number,
            "name": catalogue.product_name(number),
            "price_cents": catalogue.price_cents(number),
            "reviews": None if self._missing is None else [REVIEW] * (known - self._missing),
        }
        return Answer(200, json.dumps(page).encode())


def read(missing: int | None) -> None:
    """Visits to products of all kinds, popular or not, with many reviews, few or none."""
    source = random.Random(1)  # noqa: S311
    for number in range(20):
        reviews.visit(Visit(Door(missing), source, Keys(), Ledger("run"), number, 0.0))


def test_a_page_with_all_its_reviews_is_good() -> None:
    """Whatever product is asked for."""
    read(missing=0)


@pytest.mark.parametrize(
    ("missing", "why"), [(1, "not all reviews are there"), (None, "reviews is no list of objects")]
)
def test_a_page_without_them_is_bad(missing: int | None, why: str) -> None:
    """Which the shop's own journey to the same page would forgive."""
    with pytest.raises(Bad, match=why):
        read(missing)
