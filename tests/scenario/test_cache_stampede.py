"""cache-stampede: an entry that everybody needs is made by everybody at once, and each makes it slower."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from tests.scenario.samples import library, parameters, steps_of
from tests.scenario.visitors import PROMISED_S, late
from tests.services.parts import Shop, eventually

from labctl.clock import seconds
from labctl.scenario.family import told_apart
from labctl.scenario.steps import Act
from load.profiles import WEEKDAY
from shared import catalogue

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

BEFORE, RELEASE = "3.4.0", "3.4.1"
REBUILDS = 'cache_rebuilds_total{what="prices"'
TURNS = 'db_query_duration_seconds_count{outcome="ok",query="prices'
KINDS = len(catalogue.THINGS)
EVERY_S = 0.015
STATEMENTS = 1 + math.ceil(KINDS / 2)
ALONE_S = (STATEMENTS - 1) * EVERY_S  # from the first to the last
USERS_PER_S = WEEKDAY["product"] + WEEKDAY["home"]
WHILE_S = 10.0


def flags_of(name: str) -> dict[str, str]:
    """The flags that a fix or a decoy sets; those of the noise for an empty name."""
    scenario = library("cache-stampede")
    found = parameters(steps_of(scenario, name) if name else scenario.noise, "flag")
    return {str(each["name"]).replace("-", "_"): str(each["value"]) for each in found}


def pool(name: str) -> str:
    """The connections that a decoy or, for an empty name, the noise gives catalog."""
    scenario = library("cache-stampede")
    attempts = {each.name: each.do for each in scenario.decoys} | {"": scenario.noise}
    steps = [step.action.step() for step in attempts[name] if isinstance(step, Act)]
    (found,) = (str(step["set"]["DB_POOL_MAX"]) for step in steps if "set" in step)
    return found


def forget(shop: Shop) -> None:
    """The prices run out now."""
    with Redis(port=shop.redis.port) as client:
        client.delete("prices:all")


@pytest.fixture
def broken(shop: Shop) -> Iterator[Shop]:
    """The shop in the midst of the incident."""
    shop.flags(**flags_of(""))
    with shop.changed("catalog", RELEASE=RELEASE, DB_POOL_MAX=pool("")):
        yield shop


def page(shop: Shop, product: int = 3) -> dict[str, Any]:
    answer = shop.get("edge", f"/api/products/{product}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.integration
def test_nearly_half_of_the_product_pages_come_too_late(broken: Shop) -> None:
    """All of them come; the prices are read several times for each time that they are needed."""
    made = broken.metric("catalog", REBUILDS)
    assert 0.3 < late(broken, WHILE_S) < 0.7
    assert (broken.metric("catalog", REBUILDS) - made) / (WHILE_S + 2) > 2


@pytest.mark.integration
@pytest.mark.parametrize("fix", [fix.name for fix in library("cache-stampede").fixes if flags_of(fix.name)])
def test_each_flag_alone_mends_it(broken: Shop, fix: str) -> None:
    """Hardly a page is late, also after the entry is gone."""
    broken.flags(**flags_of("") | flags_of(fix))
    assert late(broken, WHILE_S, after_s=4) < 0.03
    forget(broken)
    assert late(broken, 5) < 0.05


@pytest.mark.integration
def test_the_release_before_is_well_with_the_same_flags(shop: Shop) -> None:
    """One statement for all kinds: nobody comes while it is under way, or one."""
    with shop.changed("catalog", RELEASE=BEFORE, DB_POOL_MAX=pool("")):
        shop.flags(**flags_of(""))
        assert late(shop, WHILE_S) < 0.03


@pytest.mark.integration
def test_a_longer_life_alone_makes_the_herd_rarer_and_not_smaller(broken: Shop) -> None:
    """Red still: more than one page in ten."""
    broken.flags(**flags_of("") | flags_of("keep the prices five times as long"))
    assert late(broken, 2 * WHILE_S) > 0.1


@pytest.mark.integration
def test_more_connections_do_not_help(shop: Shop) -> None:
    """All who read take turns, however many connections they have."""
    with shop.changed("catalog", RELEASE=RELEASE, DB_POOL_MAX=pool("open six times as many connections")):
        shop.flags(**flags_of(""))
        assert late(shop, WHILE_S, most_failed=1) > 0.2


@pytest.mark.integration
def test_one_reading_alone_takes_a_fifth_of_a_second(broken: Shop) -> None:
    """14 statements, one every 15 ms; below what is promised by a quarter."""
    took_s = []
    for _ in range(5):
        forget(broken)
        turns = broken.metric("catalog", TURNS)
        began = time.monotonic()
        page(broken)
        took_s.append(time.monotonic() - began)
        # one more tells of the transaction
        assert broken.metric("catalog", TURNS) - turns == STATEMENTS + 1
    assert min(took_s) >= ALONE_S
    assert statistics.median(took_s) < 0.85 * PROMISED_S


@pytest.mark.integration
@pytest.mark.parametrize("release", [BEFORE, RELEASE])
def test_both_releases_compare_alike(shop: Shop, release: str) -> None:
    """With what each kind really costs, on product pages and on the home page."""
    with shop.changed("catalog", RELEASE=release):
        home = eventually(lambda: shop.get("edge", "/api/home").json(), what="the home page")
        seen = [*home["products"], *(page(shop, product) for product in (1, 7, 400, 4321, 9999))]
        for each in seen:
            alike = [
                catalogue.price_cents(other)
                for other in range(1, catalogue.PRODUCTS + 1)
                if catalogue.words(other)[2] == catalogue.words(each["id"])[2]
            ]
            dearer = 10 * sum(price > each["price_cents"] for price in alike) / len(alike)
            assert each["dearer"] - 0.1 <= dearer <= each["dearer"] + 1.1


def test_the_herd_grows_before_the_first_is_done() -> None:
    """By a factor e for each arrival that a reading alone would see: three times with it, not once before."""
    assert USERS_PER_S * ALONE_S > 3
    assert USERS_PER_S * 0.03 < 0.5
    shared_s = math.log(1 + int(pool(""))) / USERS_PER_S  # of the first one's reading, until all are taken
    missing_s = int(pool("")) / USERS_PER_S + (ALONE_S - shared_s) * int(pool(""))
    assert missing_s > 1.5 * PROMISED_S


def test_one_reading_fits_into_the_promise() -> None:
    """So that a single flight mends it, and a refresh is done in time even behind a herd."""
    assert ALONE_S < 0.75 * PROMISED_S
    set_ = flags_of("read the prices anew before they run out")
    refresh_s, lives_s = (seconds(set_[name]) for name in ("catalog_prices_refresh", "catalog_prices_ttl"))
    assert refresh_s + 20 * ALONE_S < lives_s


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    assert told_apart([library("cache-stampede"), library("db-latency")]) == {}
