"""oom-slow-db: who waits for a database that hangs holds a canvas meanwhile, and any number may wait."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count

import httpx
import psutil
import psycopg
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually, released

from labctl.clock import seconds
from labctl.scenario import catalog
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act
from labctl.stack.flags import declared
from load.profiles import WEEKDAY

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASES = ("3.1.8", "3.1.9")
RELEASE = RELEASES[-1]
AT_A_TIME = 4
USUAL_MB = 60
MIB = 2**20
MISSED = 0.75
"""The share of product pages whose reviews are not in the cache (test_leak_masked.py draws them)."""
ENDS = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where application_name = %s"
_products = count(1000)


def scenario() -> Scenario:
    return library("oom-slow-db")


def canvas_mb() -> float:
    return float(len(released("catalog", RELEASE, "picture").canvas()) / MIB)


def parameters(steps: object, action: str) -> list[dict[str, str]]:
    """What the steps of one action are given."""
    assert isinstance(steps, tuple)
    acts = [step for step in steps if isinstance(step, Act)]
    return [dict(act.action.step()[action]) for act in acts if action in act.action.step()]


def given(action: str) -> dict[str, str]:
    """The parameters of the one fix that takes this action."""
    (found,) = [each for fix in scenario().fixes for each in parameters(fix.do, action)]
    return found


def limit_mb() -> int:
    (found,) = parameters(scenario().noise, "limit")
    return int(found["memory"].removesuffix("m"))


def ask(shop: Shop, products: int) -> None:
    """So many products' reviews that nobody has asked for yet, by callers that leave after a moment."""

    def one(product: int) -> None:
        with suppress(httpx.TimeoutException):
            httpx.get(shop.url("catalog", f"/products/{product}/reviews"), timeout=0.3)

    with ThreadPoolExecutor(products) as pool:
        list(pool.map(one, [next(_products) for _ in range(products)]))


@contextmanager
def held(shop: Shop) -> Iterator[None]:
    """For the block, the session of the scenario's fault is open."""
    (fault,) = parameters(scenario().faults, "session")
    session = psycopg.connect(
        host="127.0.0.1",
        port=shop.postgres.port,
        user=fault["user"],
        dbname="shop",
        application_name="votes-tryout",
    )
    with session:
        session.execute(fault["do"].encode())
        try:
            yield
        finally:
            shop.postgres.one(ENDS, "votes-tryout")
            session.close()


def waiting(shop: Shop) -> float:
    return shop.metric("catalog", "reviews_waiting ")


def memory_mb(shop: Shop) -> float:
    child = shop.processes["catalog"].child
    assert child
    return float(psutil.Process(child.pid).memory_info().rss / MIB)


def test_what_waits_is_several_times_what_there_is_and_a_fraction_when_bounded() -> None:
    """By the usual margins: at least 1.3 of the memory that is left when broken, at most 0.6 when fixed."""
    left_mb = limit_mb() - USUAL_MB
    patience_s = seconds(declared()["catalog-reviews-patience"].default)
    wanted_mb = (WEEKDAY["product"] * MISSED * patience_s + AT_A_TIME) * canvas_mb()
    assert wanted_mb / left_mb > 1.3
    assert left_mb / canvas_mb() / (WEEKDAY["product"] * MISSED) < 5  # seconds until it is full
    assert (int(given("flag")["value"]) + AT_A_TIME) * canvas_mb() / left_mb < 0.6
    assert given("limit")["memory"] == "1g"
    assert wanted_mb / (1024 - USUAL_MB) < 0.6


@pytest.mark.integration
@pytest.mark.parametrize("release", RELEASES)
def test_each_that_waits_holds_a_canvas_though_its_caller_has_gone(shop: Shop, release: str) -> None:
    """Products themselves are answered at once; a restart, or the release before, is as hungry."""
    with shop.changed("catalog", RELEASE=release):
        ask(shop, 4)
        began_mb = memory_mb(shop)
        with held(shop):
            ask(shop, 24)
            eventually(lambda: waiting(shop) >= 16, what="reviews wait")
            assert memory_mb(shop) - began_mb > 16 * 0.8 * canvas_mb()
            assert shop.get("catalog", f"/products/{next(_products)}").status_code == 200
            shop.restart("catalog", RELEASE=release)
            ask(shop, 24)
            eventually(lambda: waiting(shop) >= 16, what="reviews wait again")


@pytest.mark.integration
def test_ending_the_session_frees_all_who_wait(shop: Shop) -> None:
    """As the scenario's fix does it: nobody waits, and reviews are there again with their picture."""
    with shop.changed("catalog", RELEASE=RELEASE), held(shop):
        ask(shop, 16)
        eventually(lambda: waiting(shop) > 8, what="reviews wait")
        with shop.postgres.connect() as connection:
            connection.execute(given("sql")["do"].encode())
        eventually(lambda: waiting(shop) == 0, what="nobody waits")
        told = shop.get("catalog", f"/products/{next(_products)}/reviews")
        assert told.status_code == 200
        assert len(told.json()["picture"]) > 1000


@pytest.mark.integration
def test_bounded_it_refuses_at_once_and_memory_stays(shop: Shop) -> None:
    """However many come: six wait, the others get 503, and the page comes without its reviews."""
    with shop.changed("catalog", RELEASE=RELEASE):
        shop.flags(catalog_reviews_waiting=str(given("flag")["value"]), edge_reviews_timeout="100ms")
        ask(shop, 4)
        began_mb = memory_mb(shop)
        with held(shop):
            for _ in range(4):
                ask(shop, 24)
                assert waiting(shop) <= 6
            assert memory_mb(shop) - began_mb < 2 * (6 + AT_A_TIME) * canvas_mb()
            page = shop.get("edge", f"/api/products/{next(_products)}")
            assert (page.status_code, page.json()["reviews"]) == (200, None)


def test_a_picture_has_a_bar_for_each_number_of_stars() -> None:
    """What it costs, it is also worth: other stars make another picture, and none of them an empty one."""
    made = released("catalog", RELEASE, "picture")
    drawings = {made.drawn(made.canvas(), stars) for stars in ([], [5], [1], [5, 5, 1], [4, 2])}
    assert len(drawings) == 5
    assert len(made.canvas()) == 4 * made.WIDTH * made.HEIGHT


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = scenario(), catalog.find("oom-deploy")
    for shown in ("title", "family", "briefing", "skills", "page", "load", "expect"):
        assert getattr(here, shown) == getattr(there, shown), shown
