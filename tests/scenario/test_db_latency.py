"""db-latency: a way that is longer costs each trip the same; what helps is to make fewer."""

from __future__ import annotations

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop

from labctl.slo.openslo import objectives

pytestmark = [pytest.mark.integration, pytest.mark.long]  # of a draft: make drills

STATEMENTS = 'db_query_duration_seconds_count{outcome="ok",query='
EACH_WAY_S = 0.08


def trips(shop: Shop, product: int) -> float:
    """How many statements one product page makes, reviews aside, which are read beside it."""

    def made() -> float:
        names = ("product", "related", "related-ids", "related-product")
        return sum(shop.metric("catalog", f'{STATEMENTS}"{name}"') for name in names)

    before = made()
    assert shop.get("catalog", f"/products/{product}").status_code == 200
    return made() - before


def test_one_by_one_is_the_same_page_with_three_times_the_trips(shop: Shop) -> None:
    """Six instead of two; and one without what others bought."""
    shop.flags(catalog_product_ttl="0s")
    batched = shop.get("catalog", "/products/11").json()
    assert trips(shop, 11) == 2
    shop.flags(catalog_product_ttl="0s", catalog_related_batch="off")
    assert shop.get("catalog", "/products/11").json() == batched
    assert trips(shop, 11) == 6
    shop.flags(catalog_product_ttl="0s", catalog_related_batch="off", catalog_recommendations="off")
    assert trips(shop, 11) == 1


def test_the_promise_lies_between_the_trips_of_both() -> None:
    """Six trips are far above it and two far below, so that no machine's own pace decides."""
    (promise,) = (each for each in objectives() if each.journey == "product")
    assert 1.5 * promise.threshold_s <= 6 * EACH_WAY_S
    assert 0.6 * promise.threshold_s >= 2 * EACH_WAY_S
    (fault,) = library("db-latency").faults
    assert fault.action.step()["link"]["latency"] == f"{EACH_WAY_S * 1000:g}ms"
