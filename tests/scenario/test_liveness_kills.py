"""liveness-kills: each start is given a second and needs five; what began it is long over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import psutil
import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually, released

from labctl.clock import seconds
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from labctl.stack.flags import declared
from shared.catalogue import PRODUCTS
from shared.metrics import OUTCOMES

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASES = ("3.1.6", "3.1.7")
RELEASE = RELEASES[-1]
MIB = 2**20
LIVEZ = tuple(f'request_duration_seconds_count{{outcome="{outcome}",route="livez"' for outcome in OUTCOMES)


def rests_s() -> float:
    """How long a start rests while it reads the fallback: it can't be well any sooner."""
    made = released("catalog", RELEASE, "config")
    return float(PRODUCTS / made.FALLBACK_AT_A_TIME * made.FALLBACK_REST_S)


def cut_to() -> str:
    """What a start is given when the scenario begins."""
    flags = (act.action.step().get("flag", {}) for act in library("liveness-kills").noise)
    (value,) = (flag["value"] for flag in flags if flag.get("name") == "catalog-watchdog-start")
    return str(value)


def migration() -> str:
    (fault,) = library("liveness-kills").faults
    return str(fault.action.step()["session"]["do"])


def migrate(shop: Shop) -> float:
    """Run it to its end; how many seconds that took."""
    began_s = time.monotonic()
    with shop.postgres.connect() as connection:
        connection.execute(migration().encode())
    return time.monotonic() - began_s


@contextmanager
def migrating(shop: Shop) -> Iterator[Future[float]]:
    """Begins the migration, and is left after its end."""
    with ThreadPoolExecutor(1) as elsewhere:
        running = elsewhere.submit(migrate, shop)
        holds = "select count(*) from pg_locks where relation = 'related'::regclass and mode ~ '^AccessEx'"
        eventually(lambda: shop.postgres.one(holds), what="the migration holds the table")
        yield running


def alive(shop: Shop) -> bool:
    return shop.processes["catalog"].alive()


def well(shop: Shop) -> bool:
    return shop.get("catalog", "/livez").status_code == 200


def await_well(shop: Shop) -> None:
    eventually(lambda: well(shop), what="catalog is well")


def await_killed(shop: Shop) -> float:
    """Wait until the watchdog has killed it; how many products its fallback had at the last look."""
    child, read = shop.processes["catalog"].child, 0.0
    assert child
    deadline_s = time.monotonic() + 15
    while child.poll() is None and time.monotonic() < deadline_s:
        with suppress(httpx.HTTPError):
            read = shop.metric("catalog", "search_fallback_products ")
    assert child.poll() == -9
    return read


def watchdogs(shop: Shop) -> list[psutil.Process]:
    child = shop.processes["catalog"].child
    assert child
    return [each for each in psutil.Process(child.pid).children() if "catalog.watchdog" in each.cmdline()]


def asked(shop: Shop) -> float:
    """How often /livez was asked since the start."""
    return sum(shop.metric("catalog", each) for each in LIVEZ)


def asked_again(shop: Shop, times: int) -> None:
    before = asked(shop)
    eventually(lambda: asked(shop) >= before + times, what=f"{times} further questions")


def test_a_start_is_killed_long_before_it_can_be_well() -> None:
    """A second and two bad answers, against the rests alone of what a start reads."""
    made = released("catalog", RELEASE, "config")
    killed_after_s = seconds(cut_to()) + made.WATCHDOG_FAILURES * made.WATCHDOG_EVERY_S
    assert killed_after_s < 0.8 * rests_s()


def test_as_it_is_shipped_a_start_has_several_times_what_it_takes() -> None:
    """The default would have been right."""
    assert seconds(declared()["catalog-watchdog-start"].default) > 5 * rests_s()


def test_the_migration_lasts_longer_than_the_watchdogs_patience() -> None:
    """Its rests alone, against a question that has just been answered and two that time out."""
    made = released("catalog", RELEASE, "config")
    wait_s = max(made.WATCHDOG_TIMEOUT_S, made.WATCHDOG_EVERY_S)
    assert "in 0..19 loop" in migration()
    assert "pg_sleep(0.2)" in migration()
    assert made.WATCHDOG_EVERY_S + made.WATCHDOG_FAILURES * wait_s < 0.8 * 20 * 0.2


def test_the_challenge_is_the_same_migration() -> None:
    """The trigger once more: a column that is there already is no obstacle to its lock."""
    (challenge,) = library("liveness-kills").challenge
    (step,) = challenge.do
    assert isinstance(step, Act)
    assert step.action.step()["session"]["do"] == migration()
    assert "if not exists" in migration()


@pytest.mark.integration
def test_a_start_is_ready_long_before_it_is_well(shop: Shop) -> None:
    """It is sent requests at once, and answers /livez well when the fallback is read; it is not killed."""
    began_s = time.monotonic()
    with shop.changed("catalog", RELEASE=RELEASE):
        ready_s = time.monotonic() - began_s
        assert shop.get("catalog", "/products/1").status_code == 200
        assert shop.get("catalog", "/livez").status_code == 503
        await_well(shop)
        assert time.monotonic() - began_s > max(rests_s(), 2 * ready_s)
        assert shop.metric("catalog", "search_fallback_products ") == PRODUCTS
        asked_again(shop, 3)
        assert alive(shop)


@pytest.mark.integration
def test_a_needless_kill_becomes_a_loop(shop: Shop) -> None:
    """The cut harms nobody who has started; five seconds without a table do; then no start gets through."""
    with shop.changed("catalog", RELEASE=RELEASE):
        await_well(shop)
        shop.flags(catalog_watchdog_start=cut_to())
        asked_again(shop, 4)
        assert alive(shop)
        with migrating(shop) as running:
            assert await_killed(shop) == PRODUCTS
            assert not running.done()
            took_s = running.result()
        assert 4 < took_s < 8
        for _ in range(2):
            shop.restart("catalog", RELEASE=RELEASE)
            assert shop.get("catalog", "/products/1").status_code == 200
            assert await_killed(shop) < 0.8 * PRODUCTS
        assert [line["path"] for line in killings(shop)][-3:] == ["/livez"] * 3


@pytest.mark.integration
def test_the_release_before_is_killed_alike(shop: Shop) -> None:
    """A rollback takes back a log line."""
    shop.flags(catalog_watchdog_start=cut_to())
    with shop.changed("catalog", RELEASE=RELEASES[0]):
        assert await_killed(shop) < 0.8 * PRODUCTS


@pytest.mark.integration
def test_with_time_for_a_start_the_next_migration_costs_one_restart(shop: Shop) -> None:
    """The fix that gives time: killed once more, and well again after its start."""
    with shop.changed("catalog", RELEASE=RELEASE):
        await_well(shop)
        asked_again(shop, 2)  # so that the watchdog knows it, too
        with migrating(shop):
            await_killed(shop)
            shop.restart("catalog", RELEASE=RELEASE)
        eventually(lambda: shop.get("edge", "/api/products/2").status_code == 200, what="a product page")
        await_well(shop)
        asked_again(shop, 3)
        assert alive(shop)


@pytest.mark.integration
def test_asked_only_whether_it_runs_it_survives_both(shop: Shop) -> None:
    """The other fix: neither a start nor the migration is a reason to kill, though pages fail meanwhile."""
    shop.flags(catalog_watchdog_start=cut_to(), catalog_watchdog_path="/healthz", catalog_product_ttl="0s")
    with shop.changed("catalog", RELEASE=RELEASE):
        await_well(shop)
        with migrating(shop) as running:
            assert shop.get("catalog", "/products/3").status_code == 503
            running.result()
        eventually(lambda: shop.get("catalog", "/products/3").status_code == 200, what="a product page")
        assert alive(shop)
        assert len(watchdogs(shop)) == 1


@pytest.mark.integration
def test_it_has_one_watchdog_that_is_small_and_ends_with_it(shop: Shop) -> None:
    """Also when catalog is killed; and none where it is off."""
    with shop.changed("catalog", RELEASE=RELEASE):
        (watchdog,) = watchdogs(shop)
        eventually(lambda: asked(shop) > 0, what="the first question")
        assert watchdog.memory_info().rss < 40 * MIB
        assert shop.metric("catalog", "process_resident_memory_bytes ") < 80 * MIB  # the watchdog's not in it
        shop.processes["catalog"].end(9)
        eventually(lambda: gone(watchdog), what="the watchdog has ended")
        shop.flags(catalog_watchdog_path="off")
        shop.restart("catalog", RELEASE=RELEASE)
        assert watchdogs(shop) == []


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def killings(shop: Shop) -> list[dict[str, object]]:
    return [line for line in shop.log("catalog") if line["msg"] == "not well, so it is killed"]


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("liveness-kills"), catalog.find("oom-deploy")
    for shown in ("title", "family", "briefing", "skills", "page", "load", "expect"):
        assert getattr(here, shown) == getattr(there, shown), shown
