"""leak-masked: rankings are kept for each page and never let go; a restart helps for some seconds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from entrypoint import materialise
from labctl.runtimes.local.replica import HEALTHY_S
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from labctl.stack.compose import load_stack
from load.keys import Keys
from load.profiles import WEEKDAY

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "3.1.3"
CACHED_S = 30
_USUAL_MB = 60
_MIB = 2**20
_MEASURE = """
import tracemalloc
from catalog.alike import Product, ranked
from shared import catalogue
everything = []
for number in range(1, catalogue.PRODUCTS + 1):
    name = catalogue.product_name(number)
    everything.append(Product(number, name, catalogue.price_cents(number), frozenset(name.split())))
tracemalloc.start()
kept = [ranked(everything[number], everything) for number in range(3)]
print(tracemalloc.get_traced_memory()[0] / len(kept))
"""


def ranking_mb(tree: Path) -> float:
    """What one ranking of the whole catalogue takes."""
    materialise("catalog", RELEASE, tree / "settings", tree / "tree")
    environment = {"PATH": os.environ["PATH"], "SERVICE": "catalog", "PYTHONPATH": str(tree / "tree")}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE], env=environment, capture_output=True, check=True, text=True
    )
    return float(done.stdout) / _MIB


def lasts_s(rankings: float) -> float:
    """How long after a start so many products were looked at that it has not ranked yet.

    Popular ones come from Redis, which a restart of catalog leaves as it is.
    """
    keys, source, now_s = Keys(), random.Random(1), 0.0  # noqa: S311
    cached: dict[int, float] = {}
    ranked: set[int] = set()
    while len(ranked) <= rankings:
        now_s += 1 / WEEKDAY["product"]
        product = keys.product(source)
        if now_s - cached.get(product, -CACHED_S) < CACHED_S:
            continue
        cached[product] = now_s
        if now_s >= CACHED_S:
            ranked.add(product)
    return now_s - CACHED_S


def memory_of_decoys() -> list[int]:
    steps = [step for decoy in library("leak-masked").decoys for step in decoy.do if isinstance(step, Act)]
    texts = [str(step.action.step()["limit"]["memory"]) for step in steps if step.action.name == "limit"]
    return [int(text.removesuffix("m")) for text in texts]


def test_it_is_full_before_it_counts_as_healthy_again(tmp_path: Path) -> None:
    """So pauses grow from failure to failure; and what is given on top of it is full before a hold ends."""
    each_mb, limit_mb = ranking_mb(tmp_path), load_stack()["catalog"].limits.memory_mb or 0
    assert 2 < lasts_s((limit_mb - _USUAL_MB) / each_mb) < 0.8 * HEALTHY_S
    assert memory_of_decoys()
    for larger_mb in memory_of_decoys():
        assert lasts_s((larger_mb - _USUAL_MB) / each_mb) < 0.6 * library("leak-masked").hold


def test_at_its_former_share_a_day_fits(tmp_path: Path) -> None:
    """A tenth of the peak all day: what one page in two thousand keeps by the evening is below the limit."""
    (before,) = (
        act.action.step()["flag"]["value"]
        for act in library("leak-masked").noise
        if act.action.step().get("flag", {}).get("name") == "catalog-alike"
    )
    share = float(str(before).removesuffix("%")) / 100
    a_day_mb = 0.1 * WEEKDAY["product"] * 0.75 * 86_400 * share * ranking_mb(tmp_path)
    assert 100 < a_day_mb < (load_stack()["catalog"].limits.memory_mb or 0) - _USUAL_MB


@pytest.mark.integration
def test_memory_grows_with_each_new_page_and_is_not_given_back(shop: Shop) -> None:
    """Some four megabytes for each product that was looked at, once, and four products shown for it."""
    with shop.changed("catalog", RELEASE=RELEASE):
        shop.flags(catalog_product_ttl="0s", catalog_alike="100%")
        page = eventually(lambda: recommended(shop, 1), what="products are read")
        assert len(page) == 4
        assert 1 not in [each["id"] for each in page]
        began_mb = memory_mb(shop)
        for product in range(2, 22):
            assert recommended(shop, product)
        assert kept(shop) == 21
        grown_mb = memory_mb(shop) - began_mb
        assert grown_mb > 20 * 3
        assert recommended(shop, 1) == page
        assert kept(shop) == 21
        assert memory_mb(shop) >= began_mb + 0.9 * grown_mb


@pytest.mark.integration
@pytest.mark.parametrize(
    "fixed", [{"catalog_alike": "0%"}, {"catalog_alike": "100%", "catalog_recommendations": "off"}]
)
def test_either_flag_stops_it(shop: Shop, fixed: dict[str, str]) -> None:
    """No further ranking is made, and pages are good ones."""
    with shop.changed("catalog", RELEASE=RELEASE):
        shop.flags(catalog_product_ttl="0s", catalog_alike="100%")
        eventually(lambda: recommended(shop, 1), what="products are read")
        shop.flags(catalog_product_ttl="0s", **fixed)
        for product in range(2, 12):
            assert shop.get("edge", f"/api/products/{product}").json()["price_cents"] > 0
        assert kept(shop) == 1


@pytest.mark.integration
def test_the_release_before_keeps_nothing(shop: Shop) -> None:
    """Whatever the flag says: rolling back is a way out."""
    with shop.changed("catalog", RELEASE="3.1.2"):
        shop.flags(catalog_product_ttl="0s", catalog_alike="100%")
        assert recommended(shop, 1)
        assert kept(shop) == 0


def recommended(shop: Shop, product: int) -> list[dict[str, object]]:
    page = shop.get("catalog", f"/products/{product}").json()
    found: list[dict[str, object]] = page["recommendations"] or []
    return found


def kept(shop: Shop) -> float:
    return shop.metric("catalog", "rankings_kept")


def memory_mb(shop: Shop) -> float:
    child = shop.processes["catalog"].child
    assert child
    return float(psutil.Process(child.pid).memory_info().rss / _MIB)


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("leak-masked"), catalog.find("oom-deploy")
    for shown in ("title", "family", "briefing", "page", "load", "expect"):
        assert getattr(here, shown) == getattr(there, shown), shown
