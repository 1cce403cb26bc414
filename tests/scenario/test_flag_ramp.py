"""flag-ramp: pages of a cohort keep their connection for seconds; ten times the cohort is too many."""

from __future__ import annotations

import heapq
import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually, released

from entrypoint import materialise
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from labctl.slo.openslo import objectives
from load.keys import Keys
from load.profiles import WEEKDAY
from load.timetable import Timetable
from shared.values import percent

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE, BEFORE = "3.6.1", "3.6.0"
CONFIG = released("catalog", RELEASE, "config")
READ_S = 0.004
_COUNTED = """
import sys
from types import SimpleNamespace
from catalog import views
views.flags = SimpleNamespace(share=lambda _: float(sys.argv[1]))
cohort = views.Views(None, gather_s=1)
print([product for product in range(1, 10_001) if cohort.counts(product)])
"""


def shares() -> tuple[float, float]:
    """How many of the products are counted before the fault, and with it."""
    scenario = library("flag-ramp")
    steps = [act.action.step().get("flag", {}) for act in (*scenario.noise, *scenario.faults)]
    before, after = (percent(str(step["value"])) for step in steps if step.get("name") == "catalog-views")
    return before, after


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    materialise("catalog", RELEASE, folder / "settings", folder / "tree")
    return folder / "tree"


def cohort(tree: Path, share: float) -> frozenset[int]:
    """The products that are counted, as the release itself chooses them."""
    environment = {"PATH": os.environ["PATH"], "SERVICE": "catalog", "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", _COUNTED, str(share)],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return frozenset(json.loads(done.stdout))


def looked_at(seconds: int) -> list[tuple[float, int]]:
    """When a page is asked for, and which."""
    timetable, keys, source = Timetable("ramp"), Keys(), random.Random(1)  # noqa: S311
    return [
        (second + at, keys.product(source))
        for second in range(seconds)
        for at, _ in timetable.second(second + 1, {"product": WEEKDAY["product"]})
    ]


def bad(counted: frozenset[int], connections: int, seconds: int = 120) -> float:
    """The share of all pages that are late or get no connection: a line, first come first served."""
    (promise,) = (each for each in objectives() if each.journey == "product")
    hold_s, patience_s = CONFIG.VIEWS_GATHER_S + READ_S, CONFIG.VIEWS_POOL_TIMEOUT_S
    free_at_s, gathered_until_s, missed, pages = [0.0] * connections, dict[int, float](), 0, 0
    for now_s, product in looked_at(seconds):
        pages += 1
        if product not in counted:
            continue
        start_s = max(now_s, free_at_s[0])
        if start_s - now_s > patience_s:
            missed += 1
            continue
        first = gathered_until_s.get(product, 0.0) <= start_s
        heapq.heapreplace(free_at_s, start_s + (hold_s if first else READ_S))
        if first:
            gathered_until_s[product] = start_s + hold_s
        missed += start_s + READ_S - now_s > promise.threshold_s
    return missed / pages


def test_the_cohort_is_as_large_a_share_of_the_pages_as_of_the_products(tree: Path) -> None:
    """Popular products are in it and out of it, so that the flag's share is what arrives, within a tenth."""
    before, after = shares()
    asked = [product for _, product in looked_at(2000)]
    for share in (before, after):
        counted = cohort(tree, share)
        assert len(counted) == pytest.approx(share * 10_000, rel=0.1)
        assert sum(product in counted for product in asked) / len(asked) == pytest.approx(share, rel=0.1)
    assert cohort(tree, before) < cohort(tree, after)


def test_utilisation_is_low_before_and_far_too_high_after() -> None:
    """Arrivals × time held ÷ connections: at most a half, at least 1.3, and a half with 32 connections."""
    held_s, connections = CONFIG.VIEWS_GATHER_S, CONFIG.VIEWS_POOL_MAX
    before, after = (WEEKDAY["product"] * share * held_s / connections for share in shares())
    assert before <= 0.5
    assert after >= 1.3
    (larger,) = (
        int(step.action.step()["set"]["VIEWS_POOL_MAX"])
        for fix in library("flag-ramp").fixes
        for step in fix.do
        if isinstance(step, Act) and "set" in step.action.step()
    )
    assert after * connections / larger <= 0.5


def test_half_of_the_pages_are_bad_with_it_and_hardly_one_before(tree: Path) -> None:
    """Even without the edge's further attempts, which make the line longer; with 32 connections none is."""
    before, after = (cohort(tree, share) for share in shares())
    assert bad(before, CONFIG.VIEWS_POOL_MAX) < 0.001
    assert 0.4 < bad(after, CONFIG.VIEWS_POOL_MAX) < 0.6
    assert bad(after, 32) < 0.001


def settings(connections: int, gather: str = "3s", release: str = RELEASE) -> dict[str, str]:
    return {
        "RELEASE": release,
        "VIEWS_POOL_MAX": str(connections),
        "VIEWS_POOL_TIMEOUT": "500ms",
        "VIEWS_GATHER": gather,
    }


def available(shop: Shop) -> float:
    return shop.metric("catalog", 'db_pool_available{pool="views"}')


@pytest.mark.integration
@pytest.mark.parametrize("release", [RELEASE, BEFORE])
def test_a_page_is_there_at_once_and_its_connection_is_not(shop: Shop, release: str) -> None:
    """Two pages hold both connections for seconds, the third fails; whatever uses the other pool is well."""
    with shop.changed("catalog", **settings(2, release=release)):
        eventually(lambda: available(shop) == 2, what="the pool is full")
        shop.flags(catalog_views="100%", edge_retries="0")
        began = time.monotonic()
        assert [shop.get("edge", f"/api/products/{each}").status_code for each in (1, 2)] == [200, 200]
        assert time.monotonic() - began < 1
        assert available(shop) == 0
        assert shop.get("edge", "/api/products/3").status_code == 503
        for path in ("/api/home", "/api/search?q=oak"):
            assert shop.get("edge", path).status_code == 200
        assert shop.metric("catalog", "db_pool_available ") > 0
        shop.flags(catalog_views="0%")
        assert shop.get("edge", "/api/products/3").status_code == 200
        eventually(lambda: available(shop) == 2, what="both are given back")
        assert shop.metric("catalog", 'db_pool_usage_seconds_total{pool="views"}') >= 2 * 3.0


@pytest.mark.integration
def test_views_of_one_product_are_written_as_one(shop: Shop) -> None:
    """That is what the wait is for: many looks, one statement, and none of them is lost."""
    popularity = "select popularity from products where id = 42"
    before = shop.postgres.one(popularity)
    with shop.changed("catalog", **settings(8, gather="1s")):
        shop.flags(catalog_views="100%")
        with ThreadPoolExecutor(6) as crowd:
            pages = list(crowd.map(lambda _: shop.get("catalog", "/products/42"), range(6)))
        assert {page.status_code for page in pages} == {200}
        assert len({page.text for page in pages}) == 1
        eventually(lambda: shop.postgres.one(popularity) == before + 6, what="six views")
        statements = 'db_query_duration_seconds_count{outcome="ok",query="views-count"}'
        assert shop.metric("catalog", statements) == 1


@pytest.mark.integration
def test_a_product_that_is_not_there_holds_nothing(shop: Shop) -> None:
    """What fails gives its connection back at once."""
    with shop.changed("catalog", **settings(1)):
        shop.flags(catalog_views="100%")
        missing = [shop.get("catalog", f"/products/{99_000 + each}").status_code for each in range(3)]
        assert missing == [404] * 3
        eventually(lambda: available(shop) == 1, what="the connection is back")


@pytest.mark.integration
def test_the_page_is_the_same_in_and_out_of_the_cohort(shop: Shop) -> None:
    """Nobody sees which way a page was made."""
    with shop.changed("catalog", **settings(4, gather="100ms")):
        pages = []
        for share in ("0%", "100%"):
            shop.flags(catalog_views=share)
            pages.append(shop.get("edge", "/api/products/7").json())
        assert pages[0] == pages[1]


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("flag-ramp"), catalog.find("bad-config")
    for shown in ("title", "family", "briefing", "page", "skills", "load", "expect", "voices"):
        assert getattr(here, shown) == getattr(there, shown), shown
