"""redis-evicting: what has no end fills the cache, what has one is thrown out, and every page pays for it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from tests.scenario.samples import library, parameters
from tests.scenario.visitors import PROMISED_S, late
from tests.services.parts import Shop, eventually, released

from labctl.scenario.family import told_apart
from labctl.stack.flags import declared
from shared import catalogue

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "3.3.1"
READ = 'db_query_duration_seconds_count{outcome="ok",query="prices"'
MAILS = "mail:*"
MIB = 2**20


def steps_of(action: str) -> list[dict[str, Any]]:
    """Every step of this action, noise and faults first, then fixes."""
    scenario = library("redis-evicting")
    fixes = (step for fix in scenario.fixes for step in fix.do)
    return parameters([*scenario.noise, *scenario.faults, *fixes], action)


def settings() -> dict[str, str]:
    """What was set in Redis forty days ago."""
    return {key: str(value) for key, value in steps_of("set")[0].items() if key.isupper()}


PRICES = released("catalog", RELEASE, "prices")
PAUSES = catalogue.PRODUCTS // PRICES.ROWS
WAITS_S = PAUSES * PRICES.PAUSE_S


@pytest.fixture
def cache(shop: Shop) -> Iterator[Redis]:
    """The shop's Redis as it was set, beside a catalog that compares prices; as before afterwards."""
    client = Redis(port=shop.redis.port, decode_responses=True)
    client.config_set("maxmemory", settings()["REDIS_MAXMEMORY"])
    client.config_set("maxmemory-policy", settings()["REDIS_POLICY"])
    client.delete("prices:all")
    try:
        with shop.changed("catalog", RELEASE=RELEASE):
            yield client
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
        empty(client)
        client.close()


def empty(client: Redis) -> None:
    """The mails are gone."""
    for key in client.scan_iter(MAILS, count=1000):
        client.unlink(key)


def run(client: Redis, times: int) -> list[str]:
    """So many runs of the newsletter, and what each said."""
    words = shlex.split(str(steps_of("job")[0]["do"]))
    return [str(client.execute_command(*words)) for _ in range(times)]  # type: ignore[no-untyped-call]


def page(shop: Shop, product: int = 3) -> dict[str, Any]:
    answer = shop.get("edge", f"/api/products/{product}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def reads(shop: Shop) -> float:
    """How many times one page reads some of the prices."""
    before = shop.metric("catalog", READ)
    assert "dearer" in page(shop)
    return shop.metric("catalog", READ) - before


@pytest.mark.integration
def test_prices_are_read_once_and_compared_on_every_page(shop: Shop, cache: Redis) -> None:
    """One page waits for all of them, in parts and with pauses; what others are told is true as well."""
    began = time.monotonic()
    assert reads(shop) == PAUSES + 1
    assert time.monotonic() - began >= WAITS_S
    for product in (1, 7, 400, 4321, 9999):
        kind = catalogue.words(product)[2]
        alike = [
            catalogue.price_cents(each)
            for each in range(1, catalogue.PRODUCTS + 1)
            if catalogue.words(each)[2] == kind
        ]
        dearer = sum(price > catalogue.price_cents(product) for price in alike) / len(alike)
        assert page(shop, product)["dearer"] <= 10 * dearer + 0.1
        assert 10 * dearer <= page(shop, product)["dearer"] + 1.1
    assert reads(shop) == 0


@pytest.mark.integration
def test_old_prices_are_read_in_the_background(shop: Shop, cache: Redis) -> None:
    """The page that finds them old answers with them, and others have new ones soon."""
    shop.flags(catalog_prices_refresh="10ms")
    page(shop)
    first = cache.get("prices:all")
    eventually(lambda: page(shop) and cache.get("prices:all") != first, what="newer prices")
    shop.flags()
    eventually(lambda: reads(shop) == 0, what="nobody reads prices")


@pytest.mark.integration
def test_seven_runs_throw_out_all_that_has_an_end_and_nothing_can_be_kept(shop: Shop, cache: Redis) -> None:
    """Each page then reads all prices, whether or not the job goes on; it comes, and all is on it."""
    whole = page(shop)
    assert run(cache, 9) == ["kept"] * 7 + ["full"] * 2
    assert cache.scan(match="product:*", count=10_000)[1] == []
    memory = cache.info("memory")
    assert memory["used_memory"] > memory["maxmemory"] + MIB
    for _ in range(2):
        assert reads(shop) == PAUSES + 1
    assert page(shop) == whole
    assert not cache.exists("prices:all", "product:3", "reviews:3", "home:listing")
    refused = [line for line in shop.log("catalog") if line.get("dependency") == "redis-cache"]
    assert any("OutOfMemory" in str(line.get("error")) for line in refused)
    shop.restart("catalog", RELEASE=RELEASE)
    assert [reads(shop), reads(shop)] == [PAUSES + 1] * 2


@pytest.mark.integration
def test_two_product_pages_in_three_come_too_late(shop: Shop, cache: Redis) -> None:
    """All of them come; before, none of them read a price."""
    page(shop)
    before = shop.metric("catalog", READ)
    well = late(shop, 5)
    assert shop.metric("catalog", READ) == before
    assert well < 0.3  # what a busy machine makes late by itself is far less than what follows
    run(cache, 8)
    assert 0.55 < late(shop, 8) < 0.8


@pytest.mark.integration
def test_emptied_it_is_well_until_the_next_seven_runs(shop: Shop, cache: Redis) -> None:
    """Without the newsletter for good."""
    run(cache, 8)
    empty(cache)
    page(shop)
    assert reads(shop) == 0
    assert run(cache, 8)[-1] == "full"
    assert reads(shop) == PAUSES + 1


@pytest.mark.integration
def test_with_room_for_both_all_mails_are_kept_and_the_prices_too(shop: Shop, cache: Redis) -> None:
    """Two thousand mails, however often it runs: less than what the cache has by default."""
    cache.config_set("maxmemory", str(steps_of("set")[1]["REDIS_MAXMEMORY"]))
    page(shop)
    assert run(cache, 25) == ["kept"] * 25
    assert len(list(cache.scan_iter("mail:[0-9]*", count=1000))) == catalogue.CUSTOMERS
    assert 45 * MIB < cache.info("memory")["used_memory"] < 60 * MIB
    assert reads(shop) == 0


@pytest.mark.integration
def test_the_other_policy_keeps_what_is_read(shop: Shop, cache: Redis) -> None:
    """Mails throw out mails, for twice as long as it takes to fill the cache."""
    cache.config_set("maxmemory-policy", str(steps_of("set")[2]["REDIS_POLICY"]))
    page(shop)
    for _ in range(14):
        assert run(cache, 1) == ["kept"]
        second = cache.time()[0]
        while cache.time()[0] == second:
            assert reads(shop) == 0
    memory = cache.info("memory")
    assert memory["used_memory"] > 0.8 * memory["maxmemory"]


@pytest.mark.integration
def test_the_last_release_orders_reviews_and_nothing_else(shop: Shop, cache: Redis) -> None:
    """The newer first where they helped as many; the same reviews, read either way."""
    shop.flags(catalog_reviews_ttl="0s")
    orders = {}
    for batch in ("on", "off"):
        shop.flags(catalog_reviews_ttl="0s", catalog_reviews_batch=batch)
        orders[batch] = [(each["helpful"], each["id"]) for each in page(shop, 107)["reviews"]]
    assert orders["on"] == orders["off"] == sorted(orders["on"], reverse=True)
    assert len(orders["on"]) == catalogue.SHOWN_REVIEWS


def test_two_pages_in_three_come_too_late_and_all_come() -> None:
    """Each waits for the rest of a reading that is under way: too long for the promise, not for the edge."""
    assert (WAITS_S - PROMISED_S) / WAITS_S > 0.6
    assert declared()["edge-catalog-timeout"].default == "2s"
    assert WAITS_S < 0.65 * 2


def test_mails_take_more_than_there_is_and_less_than_half_of_what_is_given() -> None:
    """And the cache is full again three times within the hold."""
    sizes = [int(str(step["REDIS_MAXMEMORY"]).removesuffix("mb")) for step in steps_of("set")[:2]]
    run_mb = 200 * 24_000 / MIB
    all_mb = run_mb * catalogue.CUSTOMERS / 200
    assert 1.4 * sizes[0] < all_mb < 0.5 * sizes[1]
    assert 3 * sizes[0] / run_mb < library("redis-evicting").hold
    (listed,) = [job for job in steps_of("job") if "do" in job]
    assert (listed["every"], listed["database"], listed["active"]) == ("1s", "redis-cache", False)


def test_the_change_is_weeks_older_than_the_incident() -> None:
    """What begins the incident is the clock: no colleague is told of it."""
    assert [act.action.told for act in library("redis-evicting").faults] == [False]


def test_kinds_are_parted_into_tenths() -> None:
    """By the last word of the name; a kind of one product has nothing to be compared with."""
    assert PRICES.kind("Amber Ash Apron") == "Apron"
    parted = PRICES.parted({"Apron": list(range(101)), "Mug": [5]})
    assert parted == {"Apron": [10 * tenth for tenth in range(1, 10)]}


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    assert told_apart([library("redis-evicting"), library("db-latency")]) == {}
