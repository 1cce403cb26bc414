"""cpu-false-alarm: a job that works hard is in nobody's way, and somebody waits for what it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event
from typing import Any

import psycopg
import pytest
from tests.scenario.samples import library
from tests.services.parts import Process, Shop, eventually, free_port

from edge.experience import THRESHOLDS_S
from labctl.actions.client import one_text
from labctl.clock import seconds
from labctl.scenario.family import told_apart
from labctl.scenario.steps import Act

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

NAME = "evening-settlement"
PAYING = """
    select count(*) from pg_stat_activity
    where application_name = 'checkout-1' and state = 'idle in transaction'
"""
REFUSED = ("remaining connection slots are reserved", "too many clients")
OPEN = "select extract(epoch from min(cut_off) - now())::float8 from payouts where settled_at is null"
SETTLED = "select count(*) from payouts where settled_at is not null"
_numbers = count(1)  # of orders: the database stays as it is from test to test


def step(name: str) -> dict[str, Any]:
    """The parameters of the first action of this name among what was there before."""
    noise = library("cpu-false-alarm").noise
    return next(dict(act.action.step()[name]) for act in noise if act.action.name == name)


def connect(shop: Shop, user: str = "shop") -> psycopg.Connection:
    """A connection as a run of the job has it."""
    return psycopg.connect(
        host="127.0.0.1",
        port=shop.postgres.port,
        user=user,
        dbname="shop",
        application_name=NAME,
        autocommit=True,
    )


def run(shop: Shop, statements: list[str] | None = None) -> float:
    """One run, as the lab's own client does it; how long it took."""
    began = time.monotonic()
    with connect(shop) as connection:
        connection.execute(one_text(statements or step("job")["do"]))
        connection.execute("commit")
    return time.monotonic() - began


@pytest.fixture
def settling(shop: Shop) -> Iterator[Shop]:
    """A shop with what the job needs, and afterwards without it, by the undo that the scenario names."""
    told = step("sql")
    with shop.postgres.connect() as connection:
        for statement in told["do"]:
            connection.execute(statement.encode())
    try:
        yield shop
    finally:
        with shop.postgres.connect() as connection:
            for statement in told["undo"]:
                connection.execute(statement.encode())


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def overdue(shop: Shop, *, ahead_s: float = 0.0) -> int:
    """What the scenario's own invariant will measure so many seconds from now, if nobody settles."""
    (invariant,) = (each for each in library("cpu-false-alarm").invariants if "cut-off" in each.say)
    asked = invariant.sql.replace("now()", f"now() + interval '{ahead_s:g} seconds'")
    with shop.postgres.connect() as connection:
        return int((connection.execute(asked.encode()).fetchone() or (0,))[0])


@pytest.mark.integration
def test_a_run_settles_what_is_due_within_half_a_minute_and_takes_its_three_seconds(settling: Shop) -> None:
    """So that nothing is late while it goes on, and the first is late half a minute after it was stopped."""
    took_s = run(settling)
    assert 3.0 <= took_s < 5.0
    assert settling.postgres.one(SETTLED) >= 3
    assert 20 < settling.postgres.one(OPEN) <= 30 + 2
    assert overdue(settling) == 0
    assert overdue(settling, ahead_s=40) >= 3


@pytest.mark.integration
def test_without_its_sums_a_run_takes_no_time_and_settles_as_much(settling: Shop) -> None:
    """What is urgent is cheap."""
    scenario = library("cpu-false-alarm")
    (shorter,) = (
        act.action.step()["job"]["do"]
        for fix in scenario.fixes
        for act in fix.do
        if isinstance(act, Act) and act.action.name == "job"
    )
    assert run(settling, shorter) < 1.0
    assert settling.postgres.one(SETTLED) >= 3
    assert overdue(settling, ahead_s=20) == 0


@pytest.mark.integration
def test_it_works_and_waits_for_nobody_and_nobody_waits_for_it(
    settling: Shop, elsewhere: ThreadPoolExecutor
) -> None:
    """People pay meanwhile as ever; the evidence says so in Postgres' own words."""
    (works,) = (each for each in library("cpu-false-alarm").evidence if NAME in str(each.sql))
    run(settling, step("job")["do"][:1])
    at_work = elsewhere.submit(run, settling)

    def seen() -> bool:
        with settling.postgres.connect() as connection:
            row = connection.execute(str(works.sql).encode()).fetchone()
        return works.accepts((row or (0,))[0])

    eventually(seen, within_s=3, what="a session that works")
    answers = [settling.buy(f"cpu-{next(_numbers)}") for _ in range(4)]
    assert not at_work.done()
    assert {each.status_code for each in answers} == {201}
    assert max(each.elapsed.total_seconds() for each in answers) < THRESHOLDS_S["checkout"]
    at_work.result(10)


@contextmanager
def four_checkouts(shop: Shop) -> Iterator[None]:
    """For the block, four of them run, each with as many connections as the scenario gives it."""
    port, own = shop.ports["checkout"], shop.processes["checkout"]
    size = {"DB_POOL_MAX": str(step("set")["DB_POOL_MAX"])}
    more: list[Process] = []
    try:
        for number in range(2, 5):
            shop.ports["checkout"] = free_port()
            shop.start_service("checkout", **size, TREE_DIR=str(shop.folder / "trees" / f"checkout-{number}"))
            more.append(shop.processes["checkout"])
            shop.wait_ready("checkout")
        yield
    finally:
        for process in more:
            process.end()
        shop.ports["checkout"], shop.processes["checkout"] = port, own


def refused(shop: Shop) -> bool:
    """Whether a run that begins now gets no connection, since there is none left."""
    try:
        connect(shop).close()
    except psycopg.OperationalError as error:
        return any(each in str(error) for each in REFUSED)
    return False


def runs_until_refused(shop: Shop, stopped: Event) -> str:
    """Run as often as the job does, until there is no connection for it; what Postgres says then."""
    while not stopped.is_set():
        next_s = time.monotonic() + seconds(step("job")["every"])
        try:
            run(shop)
        except psycopg.OperationalError as error:
            return str(error)
        stopped.wait(max(0.0, next_s - time.monotonic()))
    return ""


@pytest.mark.integration
def test_four_checkouts_take_the_jobs_connection_and_hurt_nobody_else(
    settling: Shop, elsewhere: ThreadPoolExecutor
) -> None:
    """It gives its own back after each run, and whoever waits for one takes it; who looks still gets in."""
    stopped = Event()
    with settling.changed("checkout", DB_POOL_MAX=str(step("set")["DB_POOL_MAX"])):
        job = elsewhere.submit(runs_until_refused, settling, stopped)
        try:
            eventually(lambda: settling.postgres.one(SETTLED), what="a run has ended")
            with four_checkouts(settling):
                assert any(each in job.result(20) for each in REFUSED)
                assert [refused(settling) for _ in range(5)] == [True] * 5
                assert overdue(settling) == 0  # asked as postgres, for whom some are kept
                answers = [settling.buy(f"cpu-{next(_numbers)}") for _ in range(10)]
                assert {each.status_code for each in answers} == {201}
        finally:
            stopped.set()


@pytest.mark.integration
def test_restarting_postgres_loses_the_payments_that_are_under_way(shop: Shop) -> None:
    """The bank charges them all the same; nobody has stored what for."""
    with shop.changed("bank", LATENCY_MS="1500"), ThreadPoolExecutor(6) as buyers:
        answers = [buyers.submit(shop.buy, f"cpu-{next(_numbers)}") for _ in range(6)]
        eventually(lambda: shop.postgres.one(PAYING) == 6, what="six wait for the bank")
        shop.postgres.restart()
        assert [each.result().status_code for each in answers] == [503] * 6
        eventually(lambda: shop.get("bank", "/charges").json()["charged"] == 6, what="six are charged")


@pytest.mark.integration
def test_three_checkouts_would_leave_it_one(settling: Shop) -> None:
    """What the pools add up to, and what Postgres lets those have who are nobody special."""
    size, others = int(step("set")["DB_POOL_MAX"]), 8 + 4
    allowed = int(settling.postgres.one("show max_connections")) - int(
        settling.postgres.one("show superuser_reserved_connections")
    )
    assert 3 * size + others + 5 < allowed < 4 * size + others


def test_it_settles_far_enough_ahead_for_every_right_way() -> None:
    """Half as often, and with a run's length before it is committed, there are seconds to spare."""
    job = step("job")
    ahead_s, slice_s = (seconds(each.split("'")[1].replace(" seconds", "s")) for each in job["do"][1:])
    assert seconds(job["every"]) + slice_s + 10 < ahead_s
    assert 10 + slice_s + 10 < ahead_s  # every ten seconds
    scenario = library("cpu-false-alarm")
    assert ahead_s + 20 < scenario.expect.red  # harm is measured within that


def test_what_begins_it_is_the_clock() -> None:
    """No colleague is told of it; the job and the pool are weeks and months old."""
    scenario = library("cpu-false-alarm")
    assert [act.action.told for act in scenario.faults] == [False]
    told = {act.action.name: act.at_s for act in scenario.noise}
    days = {name: -(told[name] or 0) / 86_400 for name in ("sql", "job", "set")}
    assert days == {"sql": 200, "job": 199, "set": 21}


def test_siblings_open_alike() -> None:
    """Somebody writes in; only looking tells what about."""
    assert told_apart([library("cpu-false-alarm"), library("no-incident")]) == {}
