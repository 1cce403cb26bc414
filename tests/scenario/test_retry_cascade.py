"""retry-cascade: a lock of six seconds throws checkout into a state that lasts when the lock is gone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.scenario.samples import library
from tests.services.parts import SERVICES, Shop, eventually

from entrypoint import materialise
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from load.profiles import WEEKDAY

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

CHECKOUT, EDGE = "2.5.0", "1.8.2"
BANK_S = 0.22
PROMISED_S, PATIENCE_S = 1.0, 5.0
CALLS = 'bank_request_duration_seconds_count{call="charge"'
UNSETTLED = """
    select count(*) from orders where state = 'payment_pending' and placed_at < now() - interval '10 seconds'
"""
_numbers = count(1)


def flags(steps: Any) -> dict[str, str]:
    """What the flags among some steps are set to."""
    acts = [step.action.step() for step in steps if isinstance(step, Act)]
    return {each["flag"]["name"]: each["flag"]["value"] for each in acts if "flag" in each}


def before() -> dict[str, str]:
    return flags(library("retry-cascade").noise)


def lasting() -> dict[str, dict[str, str]]:
    """The flags that outlive the next hiccup, by the fix's name."""
    durable = {fix.name: flags(fix.do) for fix in library("retry-cascade").fixes if fix.survives is None}
    return {name: found for name, found in durable.items() if found}


def migration() -> str:
    (fault,) = library("retry-cascade").faults
    return str(fault.action.step()["session"]["do"])


def locked_s() -> float:
    """How long the migration keeps its lock."""
    (batches, pause_s) = re.findall(r"0\.\.(\d+) loop.*pg_sleep\(([\d.]+)\)", migration(), re.DOTALL)[0]
    return (int(batches) + 1) * float(pause_s)


# In time that is only counted.


@dataclass(frozen=True)
class Stretch:
    """Some seconds of a storm: the share that was served as promised, and calls to the bank per second."""

    good: float
    calls: float


class Storm:
    """What became of a minute or so of checkouts, second by second."""

    def __init__(self, seconds: list[list[int]]) -> None:
        self._seconds = seconds

    def between(self, first: int, last: int) -> Stretch:
        due, good, asked = (sum(each[part] for each in self._seconds[first:last]) for part in range(3))
        return Stretch(good / due, asked / (last - first))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with the release of checkout."""
    folder = tmp_path_factory.mktemp("release")
    materialise("checkout", CHECKOUT, folder, folder / "tree")
    return folder / "tree"


def played(release: Path, seconds: int, *events: tuple[float, object], seed: int = 1) -> Storm:
    """The scenario's flags, then what happens when; time is only counted."""
    plan = {"seconds": seconds, "events": [(0, before()), *events], "seed": seed}
    path = os.pathsep.join(map(str, (release, SERVICES, SERVICES.parent)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.scenario.storm", json.dumps(plan)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "SERVICE": "checkout", "BANK_ADDR": "bank:8000"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Storm(json.loads(done.stdout))


def hiccup(at_s: float, lasts_s: float | None = None) -> tuple[tuple[float, str], tuple[float, str]]:
    """The trigger, which ends by itself."""
    return (at_s, "lock"), (at_s + (lasts_s or locked_s()), "unlock")


def test_the_bank_answers_four_times_what_is_asked_and_half_of_what_may_be() -> None:
    """ρ is 0.22 on every other day; three attempts of three attempts would be 2."""
    places, attempts = int(before()["bank-places"]), 1 + int(before()["edge-retries"])
    answered = places / BANK_S
    assert WEEKDAY["checkout"] / answered < 0.25
    assert WEEKDAY["checkout"] * 3 * attempts / answered > 1.3 * 1.5
    assert WEEKDAY["checkout"] * 3 / answered < 0.7  # one layer alone is no storm


@pytest.mark.parametrize("seed", [1, 2])
def test_it_stays_when_its_trigger_is_gone(release: Path, seed: int) -> None:
    """Nobody is served a minute after the lock, and the bank is asked six or seven times per order: ρ 1.5."""
    storm = played(release, 75, *hiccup(5), seed=seed)
    assert storm.between(0, 3).good > 0.98
    for first in (15, 35, 55):
        stretch = storm.between(first, first + 20)
        assert stretch.good < 0.02
        assert 6 < stretch.calls / WEEKDAY["checkout"] < 7.5
        assert stretch.calls * BANK_S / int(before()["bank-places"]) > 1.3


@pytest.mark.parametrize("lasts_s", [1, 3])
def test_the_good_state_is_stable_too(release: Path, lasts_s: int) -> None:
    """A lock of three seconds hurts for as long as it lasts; so does a checkout that is away for four."""
    assert played(release, 20, *hiccup(5, lasts_s)).between(10, 20).good > 0.98
    assert played(release, 22, (5, "down"), (6 + lasts_s, "up")).between(12, 22).good > 0.98


@pytest.mark.parametrize("fix", lasting())
def test_each_fix_ends_it_and_outlives_the_next_hiccup(release: Path, fix: str) -> None:
    """Users are well within ten seconds of it, and within twenty of the beginning of the next one."""
    storm = played(release, 85, *hiccup(5), (25, lasting()[fix]), *hiccup(55))
    assert storm.between(15, 23).good < 0.02
    assert storm.between(35, 54).good > 0.98
    assert storm.between(75, 85).good > 0.98


@pytest.mark.parametrize("fix", [{"edge-retries": "0"}, {"edge-retry-timeouts": "off"}], ids=str)
def test_one_layer_alone_ends_it_more_slowly(release: Path, fix: dict[str, str]) -> None:
    """36 calls a second are less than 54, and the line is served in the end: a learner's fix is one too."""
    storm = played(release, 70, *hiccup(5), (25, fix))
    assert storm.between(25, 35).good < 0.1
    assert storm.between(55, 70).good > 0.98


def test_with_more_attempts_nobody_is_served(release: Path) -> None:
    """The decoy is the flag that brought it about, turned up."""
    (more,) = [found for each in library("retry-cascade").decoys if (found := flags(each.do))]
    assert int(more["edge-retries"]) > int(before()["edge-retries"])
    assert played(release, 70, *hiccup(5), (25, more)).between(35, 70).good < 0.02


def test_shedding_has_to_last_until_the_line_is_served(release: Path) -> None:
    """A moment does not do, three quarters of the scenario's pause do; and the next hiccup undoes it."""
    (stopgap,) = (fix for fix in library("retry-cascade").fixes if fix.survives == ())
    (pause_s,) = re.findall(r"pg_sleep\((\d+)\)", " ".join(map(str, stopgap.do)))

    def shed(lasts_s: int) -> Storm:
        closed, opened = {"edge-shed-checkout": "100%"}, {"edge-shed-checkout": "0%"}
        return played(release, 85, *hiccup(5), (20, closed), (20 + lasts_s, opened), *hiccup(55))

    assert shed(2).between(40, 54).good < 0.02
    assert shed(int(pause_s) * 3 // 4).between(40, 54).good > 0.98
    whole = shed(int(pause_s))
    assert whole.between(40, 54).good > 0.98
    assert whole.between(75, 85).good < 0.02


@pytest.mark.parametrize("away_s", [1, 4])
def test_a_restart_of_checkout_lasts_until_the_next_hiccup_at_best(release: Path, away_s: int) -> None:
    """Away for a second, it finds the storm as it was; away for longer, the trap is still set."""
    storm = played(release, 85, *hiccup(5), (20, "down"), (20 + away_s, "up"), *hiccup(55))
    assert (storm.between(40, 54).good < 0.02) == (away_s < 2)
    assert storm.between(75, 85).good < 0.02


# On real parts.


@dataclass
class Visit:
    begun_s: float
    good: bool | None = None  # None while it is not known


class Buyers:
    """Twelve a second through the edge, on schedule, whatever becomes of the others."""

    def __init__(self, shop: Shop) -> None:
        self._url = shop.url("edge", "/api/checkout")
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._come()))
        self.visits: list[Visit] = []

    def __enter__(self) -> Buyers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def since(self, when_s: float) -> list[bool]:
        """How those fared who came later than that, as far as it is known."""
        return [each.good for each in self.visits if each.begun_s > when_s and each.good is not None]

    def newest(self, number: int, *, after_s: float) -> list[bool]:
        """Those who came last, once so many are known."""
        return self.since(after_s)[-number:]

    async def _come(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        began_s = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(timeout=PATIENCE_S, limits=limits) as client:
            for number in count():
                await asyncio.sleep(max(0.0, began_s + number / WEEKDAY["checkout"] - time.monotonic()))
                if self._over.is_set():
                    break
                task = asyncio.create_task(self._visit(client, number))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.gather(*tasks)

    async def _visit(self, client: httpx.AsyncClient, number: int) -> None:
        visit = Visit(time.monotonic())
        self.visits.append(visit)
        items = [{"product": 1 + number % 5000, "quantity": 1}]
        order = {"customer": 5, "items": items, "card": "card-ok-5"}
        headers = {"idempotency-key": f"storm-{next(_numbers)}"}
        try:
            answer = await client.post(self._url, json=order, headers=headers)
            well = answer.status_code in (201, 202)
        except httpx.HTTPError:
            well = False
        visit.good = well and time.monotonic() - visit.begun_s <= PROMISED_S


def spelt(named: dict[str, str]) -> dict[str, str]:
    """Flags as the shop of these tests takes them."""
    return {name.replace("-", "_"): value for name, value in named.items() if name != "new-banner"}


def migrate(shop: Shop) -> None:
    """The trigger, from its beginning to its end."""
    with shop.postgres.connect() as connection:
        connection.execute(migration().encode())


@contextmanager
def storming(shop: Shop) -> Iterator[Buyers]:
    """For the block, checkouts are as they are half a minute after the migration ended."""
    with (
        shop.changed("bank", LATENCY_MS="200"),
        shop.changed("checkout", RELEASE=CHECKOUT),
        shop.changed("edge", RELEASE=EDGE),
    ):
        shop.flags(**spelt(before()))
        with Buyers(shop) as buyers:
            eventually(lambda: buyers.since(0.0)[-24:].count(True) == 24, what="buyers are well")
            migrate(shop)
            ended_s = time.monotonic()
            eventually(lambda: len(buyers.since(ended_s + 3)) > 96, within_s=30, what="time has passed")
            assert buyers.since(ended_s + 3).count(True) < 5
            yield buyers
    shop.forget()


def well_again(buyers: Buyers, after_s: float, *, within_s: float) -> None:
    """Wait until three seconds of buyers in a row are well."""

    def well() -> bool:
        last = buyers.newest(36, after_s=after_s)
        return len(last) == 36 and all(last)

    eventually(well, within_s=within_s, what="buyers are well again")


@pytest.mark.integration
def test_on_real_parts_it_stays_until_the_bank_is_asked_once(shop: Shop) -> None:
    """No lock is left and no connection wanted, and nobody is served; then all are, the next time too."""
    fix = {**before(), "checkout-bank-attempts": "1"}
    with storming(shop) as buyers:
        assert shop.postgres.one("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") < 3
        assert shop.metric("checkout", "db_pool_requests_waiting") < 2
        asked, came = shop.metric("checkout", CALLS), len(buyers.visits)
        eventually(lambda: len(buyers.visits) > came + 60, what="more have come")
        assert 5 < (shop.metric("checkout", CALLS) - asked) / (len(buyers.visits) - came) < 9
        shop.flags(**spelt(fix))
        well_again(buyers, time.monotonic(), within_s=20)
        began_s = time.monotonic()
        migrate(shop)
        well_again(buyers, began_s + locked_s(), within_s=20 - locked_s() + 3)


@pytest.mark.integration
@pytest.mark.parametrize("fix", [each for each in lasting() if "once" not in each])
def test_on_real_parts_the_other_fixes_end_it_too(shop: Shop, fix: str) -> None:
    """Orders are taken as pending, the line is served, and all that were taken are settled, each once."""
    with storming(shop) as buyers:
        shop.flags(**spelt({**before(), **lasting()[fix]}))
        well_again(buyers, time.monotonic(), within_s=20)
        eventually(lambda: not shop.postgres.one(UNSETTLED), within_s=40, what="all is settled")
        eventually(lambda: shop.metric("checkout", "bank_breaker_open") == 0, what="the breaker is closed")
        assert shop.get("bank", "/charges").json()["doubled"] == []


@pytest.mark.integration
def test_on_real_parts_the_release_before_ends_it(shop: Shop) -> None:
    """It asks once, and eight at a time; the next hiccup is over soon after its end."""
    with storming(shop) as buyers:
        shop.restart("checkout")
        well_again(buyers, time.monotonic(), within_s=20)
        began_s = time.monotonic()
        migrate(shop)
        well_again(buyers, began_s + locked_s(), within_s=20 - locked_s() + 3)


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("retry-cascade"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "briefing", "page", "load", "expect", "hold", "skills"):
        assert getattr(here, shown) == getattr(there, shown), shown
