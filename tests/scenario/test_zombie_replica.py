"""zombie-replica: a replica that lost its session fails a third of the calls, and is taken for well."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually, free_port

from edge.replicas import Replicas
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from load.profiles import WEEKDAY
from load.timetable import Timetable

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "3.5.0"
REPLICAS = ("catalog", "catalog-2", "catalog-3")
CALLS = {"home": 1, "product": 2, "search": 1}
"""How many calls to catalog each journey makes."""
LISTENS = "select count(*) from pg_stat_activity where query = 'listen prices'"
LONGEST = "select query from pg_stat_activity where usename = 'shop' and state = 'idle' order by state_change"
PATHS = {"home": "/api/home", "product": "/api/products/1", "search": "/api/search?q=oak"}
NOTICED_S = 10


def fault() -> tuple[str, str]:
    """What ends a session, and what is true once it did."""
    (act,) = library("zombie-replica").faults
    step = act.action.step()["sql"]
    return step["do"], step["verify"]


def end_a_session(shop: Shop) -> None:
    do, proof = fault()
    with shop.postgres.connect() as connection:
        assert connection.execute(do.encode()).fetchall() == [(True,)]
        assert connection.execute(proof.encode()).fetchone() == (True,)


def start_beside(shop: Shop, name: str) -> None:
    """One more catalog, under a name of its own."""
    first, port = shop.processes["catalog"], shop.ports.setdefault(name, free_port())
    tree = str(shop.folder / "trees" / name)
    shop.start_service("catalog", SERVICE_PORT=str(port), REPLICA=name, RELEASE=RELEASE, TREE_DIR=tree)
    shop.processes[name] = shop.processes["catalog"]
    shop.processes["catalog"] = first
    shop.wait_ready(name)


def tell(shop: Shop, names: tuple[str, ...]) -> None:
    """Let whoever looks catalog up find these."""
    fresh = shop.settings / "endpoints.json.new"
    fresh.write_text(json.dumps({"catalog:8000": [f"127.0.0.1:{shop.ports[name]}" for name in names]}))
    fresh.replace(shop.settings / "endpoints.json")


@contextmanager
def three(shop: Shop) -> Iterator[None]:
    """For the block, three catalogs of the release behind an edge that looks only at ports."""
    shop.flags(edge_health_check="port", edge_eject_after="0")
    with shop.changed("catalog", RELEASE=RELEASE):
        try:
            for name in REPLICAS[1:]:
                start_beside(shop, name)
            tell(shop, REPLICAS)
            with shop.changed("edge", CATALOG_ADDR="catalog:8000"):
                shop.flags(edge_health_check="port", edge_eject_after="0")
                assert statuses(shop) == {200: 30}
                use_every_connection(shop)
                yield
        finally:
            for name in REPLICAS[1:]:
                shop.processes.pop(name).end()
            (shop.settings / "endpoints.json").unlink()


def use_every_connection(shop: Shop) -> None:
    """So that none of a pool has been idle for as long as those that listen."""
    for number in range(12):
        for name in REPLICAS:
            shop.get(name, "/search?q=oak")
        shop.get("checkout", f"/orders/{number + 1}")
    eventually(lambda: shop.postgres.one(LONGEST) == "listen prices", what="who listens is idle for longest")


def answers(shop: Shop, paths: Iterable[str]) -> Counter[int]:
    """What the edge answers, one after the other."""
    with httpx.Client(timeout=20) as client:
        return Counter(client.get(shop.url("edge", path)).status_code for path in paths)


def statuses(shop: Shop, pages: int = 30) -> Counter[int]:
    """What so many product pages answer; each makes two calls."""
    return answers(shop, (f"/api/products/{number + 1}" for number in range(pages)))


def well(shop: Shop) -> bool:
    """Whether visits, mixed as users mix them, all succeed."""
    source = random.Random(1)  # noqa: S311
    paths = source.choices(list(PATHS.values()), [WEEKDAY[journey] for journey in PATHS], k=30)
    return answers(shop, paths) == {200: 30}


@pytest.mark.integration
def test_a_third_of_the_pages_fails_and_every_replica_is_ready(shop: Shop) -> None:
    """One replica answers 500 to whatever shows a price; it says that it is ready, and its port is open."""
    with three(shop):
        end_a_session(shop)
        assert statuses(shop) == {200: 20, 500: 10}
        each = {name: shop.get(name, "/products/1").status_code for name in REPLICAS}
        assert sorted(each.values()) == [200, 200, 500]
        (sick,) = (name for name, status in each.items() if status == 500)
        assert [shop.get(sick, path).status_code for path in ("/home", "/search?q=oak")] == [500, 500]
        assert shop.get(sick, "/products/1/reviews").status_code == 200
        assert [shop.get(name, "/readyz").status_code for name in REPLICAS] == [200] * 3
        shop.flags(edge_health_check="readyz", edge_health_interval="100ms", edge_eject_after="0")
        assert statuses(shop, 120) == {200: 80, 500: 40}
        assert shop.metric("edge", 'dependency_replicas_out{dependency="catalog"}') == 0


@pytest.mark.integration
@pytest.mark.parametrize("name", ["let the edge ask for a page", "let the edge go by the answers"])
def test_the_edge_keeps_users_away_from_it(shop: Shop, name: str) -> None:
    """By a page that does not come, or by answers that are bad; either way the other two serve everybody."""
    (fix,) = (each for each in library("zombie-replica").fixes if each.name == name)
    steps = [act.action.step()["flag"] for act in fix.do if isinstance(act, Act)]
    set_to = {str(step["name"]).replace("-", "_"): str(step["value"]) for step in steps}
    with three(shop):
        end_a_session(shop)
        shop.flags(**{"edge_health_check": "port", "edge_eject_after": "0", **set_to})
        eventually(lambda: well(shop), within_s=NOTICED_S, what="pages are well")
        assert shop.metric("edge", 'dependency_replicas_out{dependency="catalog"}') == 1


@pytest.mark.integration
def test_it_never_listens_again_and_its_next_start_does(shop: Shop) -> None:
    """Postgres is well and everybody else connected; what helps is a new process."""
    with three(shop):
        end_a_session(shop)
        (sick,) = (name for name in REPLICAS if shop.get(name, "/products/1").status_code == 500)
        assert shop.postgres.one(LISTENS) == 2
        shop.processes[sick].end()
        if sick == "catalog":
            shop.start_service(sick, RELEASE=RELEASE)
            shop.wait_ready(sick)
        else:
            start_beside(shop, sick)
        assert shop.postgres.one(LISTENS) == 3
        eventually(lambda: well(shop), what="pages are well")


@pytest.mark.integration
def test_restarting_postgres_makes_zombies_of_them_all(shop: Shop) -> None:
    """It ends the other sessions as well."""
    with three(shop):
        shop.postgres.restart()
        eventually(lambda: statuses(shop, 6) == {500: 6}, what="every page fails")


@pytest.mark.integration
def test_a_new_price_is_shown_at_once(shop: Shop) -> None:
    """That is what the release is for: the cache forgets what somebody tells of."""
    with shop.changed("catalog", RELEASE=RELEASE):
        before = shop.get("catalog", "/products/21").json()["price_cents"]
        change = "update products set price_cents = price_cents + %s where id = 21 returning price_cents"
        assert shop.postgres.one(change, 1) == before + 1
        try:
            assert shop.get("catalog", "/products/21").json()["price_cents"] == before
            with shop.postgres.connect() as connection:
                connection.execute("notify prices, '21'")
            eventually(
                lambda: shop.get("catalog", "/products/21").json()["price_cents"] == before + 1,
                what="the new price",
                within_s=5,
            )
        finally:
            shop.postgres.one(change, -1)
            with shop.postgres.connect() as connection:
                connection.execute("notify prices, '21'")
            eventually(
                lambda: shop.get("catalog", "/products/21").json()["price_cents"] == before,
                what="the old price",
            )


def failed(replicas: int, *, eject_after: int = 0) -> float:
    """The share of product pages that ask the sick one of so many, within two minutes of a weekday."""
    endpoints = [(f"10.0.0.{number}", 8000) for number in range(replicas)]
    balanced, timetable = Replicas(lambda: endpoints, lambda: 0.0), Timetable("zombie")
    asked = bad = 0
    for second in range(120):
        for _, journey in timetable.second(second + 1, WEEKDAY):
            for call in range(CALLS.get(journey, 0)):
                picked = balanced.pick(tried=(), probe_failures=2)
                fails = picked == endpoints[0] and not call  # a page's second call is for its reviews
                asked += journey == "product" and not call
                bad += journey == "product" and fails
                balanced.answered(
                    picked or endpoints[0], well=not fails, eject_after=eject_after, eject_for_s=600
                )
    return bad / asked


def test_one_of_three_is_enough_to_page_and_more_replicas_do_not_mend_it() -> None:
    """A third of a journey burns its budget fast enough; with five it is a fifth, and as red."""
    assert 0.3 < failed(3) < 0.37
    assert 0.15 < failed(5) < 0.25


def test_three_bad_answers_in_a_row_come_soon() -> None:
    """Though a third of its answers, those with reviews, are good ones: a handful of pages, and it is out."""
    assert failed(3, eject_after=3) * 120 * WEEKDAY["product"] < 10


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("zombie-replica"), catalog.find("bad-config")
    for shown in ("title", "family", "briefing", "page", "skills", "load", "expect", "voices"):
        assert getattr(here, shown) == getattr(there, shown), shown
