"""A search for words that some product has: hits, all of them real; the declared fallback is fine."""

from __future__ import annotations

from urllib.parse import quote

from load.journeys.visit import Visit, require, require_product, rows
from shared import catalogue


def visit(visit: Visit) -> None:
    words = catalogue.words(visit.keys.product(visit.random))
    asked = visit.random.sample(words, visit.random.randint(1, len(words)))
    body = visit.get(f"/api/search?q={quote(' '.join(asked))}")
    results = rows(body, "results")
    require(bool(results), "no results where there are hits")
    for row in results:
        product = require_product(row)
        if not body.get("fallback"):
            require(set(asked) <= set(catalogue.words(product)), "a result without the words asked for")
