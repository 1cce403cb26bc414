"""n-plus-one-hot: one question per review, and one product with 400 of them that everybody wants to see."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.scenario.samples import library, parameters
from tests.services.load_parts import ScriptedDoor, answer, visit
from tests.services.load_parts import product as told
from tests.services.parts import SERVICES, Process, Shop, eventually, free_port

from labctl.scenario.family import told_apart
from labctl.scenario.model import Fix
from labctl.scenario.steps import Act
from labctl.seal import sealed
from labctl.slo.openslo import objectives
from labctl.stack.compose import load_stack
from labctl.stack.flags import FOREIGN_BYTES, foreign
from load.journeys import Visit, product
from load.keys import STAR, Keys
from shared import catalogue
from shared.flags import declarations, live

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

STATEMENTS = 'db_query_duration_seconds_count{outcome="ok",query='
OFF = {"catalog_reviews_ttl": "0s", "catalog_reviews_batch": "off"}
REVIEWS = f"/products/{STAR}/reviews"
WAY = "catalog-postgres"


TAKEN_OVER = 400


def noise(action: str) -> dict[str, str]:
    """The parameters of the scenario's only noise of this kind."""
    (found,) = parameters(library("n-plus-one-hot").noise, action)
    return {name: str(value) for name, value in found.items()}


def latency_ms() -> int:
    """By how much the scenario lengthens the way to Postgres."""
    assert noise("link")["name"] == WAY
    return int(noise("link")["latency"].removesuffix("ms"))


def promised_s() -> float:
    (promise,) = (each for each in objectives() if each.journey == "product")
    return promise.threshold_s


def trips(shop: Shop, path: str = REVIEWS) -> float:
    """How many statements the reviews of one product make."""

    def made() -> float:
        names = ("reviews", "votes", "reviews-with-votes")
        return sum(shop.metric("catalog", f'{STATEMENTS}"{name}"') for name in names)

    before = made()
    assert shop.get("catalog", path).status_code == 200
    return made() - before


def page_s(shop: Shop, number: int = STAR) -> float:
    """How long a product page takes at the edge, which is right whatever it takes."""
    began = time.monotonic()
    page = shop.get("edge", f"/api/products/{number}").json()
    took_s = time.monotonic() - began
    assert page["price_cents"] == catalogue.price_cents(number)
    return took_s


@pytest.fixture
def grown(shop: Shop) -> Iterator[Shop]:
    """The shop whose star has the reviews that were taken over."""
    statements = noise("sql")
    with shop.postgres.connect() as connection:
        connection.execute(statements["do"].encode())
        row = connection.execute(statements["verify"].encode()).fetchone()
        assert row == (True,)
        yield shop
        connection.execute(statements["undo"].encode())


@pytest.fixture
def far(grown: Shop, tmp_path: Path) -> Iterator[Shop]:
    """The shop whose catalog reaches Postgres through wire, over the scenario's way."""
    listen, port = free_port(), free_port()
    environment = {
        "SERVICE": "wire",
        "SERVICE_PORT": str(port),
        "LISTEN_HOST": "127.0.0.1",
        "SETTINGS_DIR": str(tmp_path),
        "PROXIES": f"{WAY}={listen}>127.0.0.1:{grown.postgres.port}",
    }
    wire = Process([sys.executable, str(SERVICES / "entrypoint.py")], tmp_path / "wire.log", environment)
    wire.start()
    api = f"http://127.0.0.1:{port}"
    toxic = {"name": "way", "type": "latency", "attributes": {"latency": latency_ms(), "jitter": 0}}
    try:
        eventually(lambda: httpx.get(f"{api}/version").is_success, what="wire answers")
        httpx.post(f"{api}/proxies/{WAY}/toxics", json=toxic).raise_for_status()
        with grown.changed("catalog", POSTGRES_ADDR=f"127.0.0.1:{listen}"):
            yield grown
    finally:
        wire.end()


@pytest.mark.integration
def test_one_question_per_review_is_the_same_page(grown: Shop) -> None:
    """The star's takes 401 trips where one would do; a product of the many takes hardly more than one."""
    grown.flags(catalog_reviews_ttl="0s")
    batched = grown.get("catalog", REVIEWS).json()
    assert trips(grown) == 1
    grown.flags(**OFF)
    assert grown.get("catalog", REVIEWS).json() == batched
    assert len(batched["reviews"]) == catalogue.SHOWN_REVIEWS
    assert trips(grown) == 1 + TAKEN_OVER
    assert trips(grown, "/products/11/reviews") == 1 + catalogue.review_count(11) == 4


@pytest.mark.integration
def test_one_visitor_alone_waits_too_long(far: Shop) -> None:
    """In a shop that has nothing else to do, for the star; not for another product, and not by one query."""
    far.flags(**OFF)
    page_s(far)  # connections are there, statements prepared
    assert max(page_s(far) for _ in range(3)) > 2 * promised_s()
    assert min(page_s(far, 11) for _ in range(3)) < promised_s() / 2
    far.flags(catalog_reviews_ttl="0s")
    assert min(page_s(far) for _ in range(3)) < promised_s() / 2


@pytest.mark.integration
@pytest.mark.parametrize("fix", library("n-plus-one-hot").fixes, ids=lambda fix: fix.name)
def test_each_fix_gives_a_page_in_time(far: Shop, fix: Fix) -> None:
    """With the star's price on it, well within what is promised, from the second page on."""
    turned = [act.action.step()["flag"] for act in fix.do if isinstance(act, Act)]
    far.flags(**OFF | {each["name"].replace("-", "_"): str(each["value"]) for each in turned})
    page_s(far)
    assert min(page_s(far) for _ in range(3)) < 0.8 * promised_s()


@pytest.mark.integration
def test_those_who_come_meanwhile_wait_for_the_same_reading(grown: Shop) -> None:
    """So that the work is bounded, however many want to see it: one reading at a time in each catalog."""
    grown.flags(**OFF)
    before = grown.metric("catalog", 'cache_rebuilds_total{what="reviews"}')
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: grown.get("catalog", REVIEWS).status_code, range(9)))
    assert answers == [200] * 9
    assert grown.metric("catalog", 'cache_rebuilds_total{what="reviews"}') - before < 9


def test_the_trips_alone_take_longer_than_promised() -> None:
    """Whatever the machine's own pace is: 401 times what the way adds is late, and 61 times it is not."""
    way_s = latency_ms() / 1000
    assert (1 + TAKEN_OVER) * way_s > 1.3 * promised_s()
    assert 61 * way_s < 0.3 * promised_s()


def test_a_test_with_all_products_alike_passes() -> None:
    """One product in a thousand has hundreds of reviews; users alone find it, when they talk about it."""
    counts = [catalogue.review_count(number) for number in range(1, catalogue.PRODUCTS + 1)]
    assert sum(count > 60 for count in counts) / len(counts) == 0.001
    assert sum(count > 3 for count in counts) / len(counts) == 0.01
    source, keys = random.Random(1), Keys()  # noqa: S311
    usual = [catalogue.review_count(keys.viewed(source, 0.0)) > 60 for _ in range(20_000)]
    assert sum(usual) / len(usual) < 0.005


def test_the_star_is_looked_at_as_often_as_users_like() -> None:
    """And nobody's choice is another while they like nothing better."""
    source, keys = random.Random(1), Keys()  # noqa: S311
    seen = [keys.viewed(source, 0.5) for _ in range(10_000)]
    assert 0.48 < seen.count(STAR) / len(seen) < 0.52
    assert len(set(seen)) > 1000
    same = random.Random(3), random.Random(3)  # noqa: S311
    assert [keys.viewed(same[0], 0.0) for _ in range(100)] == [keys.product(same[1]) for _ in range(100)]


def test_who_looks_at_the_star_checks_the_star() -> None:
    """A page of another product is no good page."""
    door = ScriptedDoor(answer({**told(STAR), "reviews": [], "recommendations": None}))
    product.visit(_liking(visit(door), 1.0))
    assert door.asked[0][1] == f"/api/products/{STAR}"


def _liking(made: Visit, star_share: float) -> Visit:
    return replace(made, star_share=star_share)


def test_users_are_told_where_nobody_in_the_shop_reads_it(tmp_path: Path) -> None:
    """Beside what a third party is told: sealed, in no history of the shop, and not the shop's to change."""
    (fault,) = library("n-plus-one-hot").faults
    name = fault.action.step()["flag"]["name"]
    assert name in foreign(load_stack())
    assert load_stack()["load"].owner == "lab"
    (tmp_path / "third-party.sealed").write_bytes(sealed({name: "50%"}, pad_to=FOREIGN_BYTES))
    declared = declarations([SERVICES / "load" / "flags.toml"])
    assert live(tmp_path, declared).share(name) == 0.5
    assert live(tmp_path / "nobody", declared).share(name) == 0


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    assert told_apart([library("n-plus-one-hot"), library("db-latency")]) == {}
