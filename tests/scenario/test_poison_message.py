"""poison-message: one event that cannot be read holds up all, and a restart begins with it again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library
from tests.scenario.samples import library, parameters, texts
from tests.services.load_parts import ScriptedDoor, answer, visit
from tests.services.parts import SERVICES, Process, Shop, eventually, free_port

from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act
from load.journeys import JOURNEYS, Bad
from load.journeys.checkout import DECLINED_SHARE
from load.journeys.order_status import FULFILLED_WITHIN_S
from load.ledger import RECENT, Ledger
from load.profiles import WEEKDAY
from shared.events import DEAD, GROUP, STREAM
from worker.config import CLAIM_AFTER_S

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

TELLS, TELLS_TOO = "2.3.7", "2.3.6"
READS_BOTH = "1.5.0"
PAID_PER_S = WEEKDAY["checkout"] * (1 - DECLINED_SHARE)
OK, ERROR = 'worker_events_total{outcome="ok"', 'worker_events_total{outcome="error"'
_numbers = count(1)


def scenario() -> Scenario:
    return library("poison-message")


def queue(shop: Shop) -> redis_library.Redis:
    return redis_library.Redis(port=shop.redis.port, decode_responses=True)


def statements(acts: tuple[Act, ...]) -> list[str]:
    """The SQL of a scenario's steps."""
    return texts(parameters(acts, "sql"))


def publish_another(shop: Shop) -> None:
    """What the scenario's challenge does."""
    (challenge,) = scenario().challenge
    (do,) = statements(tuple(step for step in challenge.do if isinstance(step, Act)))
    with shop.postgres.connect() as connection:
        connection.execute(do.encode())


def fails(shop: Shop, times: int = 3) -> None:
    """Wait until the worker has failed so often from now on."""
    before = shop.metric("worker", ERROR)
    eventually(lambda: shop.metric("worker", ERROR) >= before + times, what=f"{times} failed turns")


def buy(shop: Shop) -> int:
    """The number of an order that was paid."""
    bought = shop.buy(f"poison-message-{next(_numbers)}")
    assert bought.status_code == 201
    return int(bought.json()["order"])


def fulfilled(shop: Shop, order: int) -> bool:
    return bool(shop.postgres.one("select fulfilled_at is not null from orders where id = %s", order))


def await_fulfilled(shop: Shop, orders: list[int], *, within_s: float = 15.0) -> None:
    for order in orders:
        eventually(partial(fulfilled, shop, order), within_s=within_s, what=f"order {order} fulfilled")


@contextmanager
def stuck(shop: Shop) -> Iterator[redis_library.Redis]:
    """For the block, the worker sets nothing aside and has the event of the scenario's fault before it."""
    shop.flags(worker_dead_letter_limit="0")
    (do,) = statements(scenario().faults)
    with queue(shop) as client:
        with shop.postgres.connect() as connection:
            assert connection.execute(do.encode()).rowcount == 1
        fails(shop)
        try:
            yield client
        finally:
            shop.flags()
            eventually(lambda: client.xlen(STREAM) == 0, within_s=CLAIM_AFTER_S + 20, what="an empty stream")
            client.delete(DEAD)


@contextmanager
def another_worker(shop: Shop, folder: Path) -> Iterator[None]:
    """For the block, a second worker runs beside the first."""
    environment = {
        **shop.processes["worker"].environment,
        "REPLICA": "worker-2",
        "SERVICE_PORT": str(free_port()),
        "TREE_DIR": str(folder / "tree"),
    }
    argv = [sys.executable, str(SERVICES / "entrypoint.py")]
    process = Process(argv, folder / "worker-2.log", environment)
    process.start()
    try:
        yield
    finally:
        process.end()


def test_it_hurts_more_than_enough_and_soon_enough() -> None:
    """Users look at orders of the last three quarters of a minute, and two thirds of those are late."""
    remembered_s = RECENT / PAID_PER_S

    def bad_share(after_s: float) -> float:
        held_up_s = after_s - 2  # an event is published within a second, and begun with at once
        return max(0.0, min(remembered_s, held_up_s) - FULFILLED_WITHIN_S) / remembered_s

    assert bad_share(600) > 0.6
    assert bad_share(0.75 * scenario().expect.red) > 0.3
    assert bad_share(0.55 * scenario().expect.red) > 0.1


def test_the_hold_outlasts_a_worker_that_takes_over_the_bad_event() -> None:
    """It looks well until it claims what the one before it left unfinished, and its victims are late."""
    assert scenario().hold > 1.5 * (CLAIM_AFTER_S + 1 + FULFILLED_WITHIN_S)


def test_a_rollback_of_checkout_does_not_hide_it() -> None:
    """The release before tells as well whether an order is fulfilled."""
    deployed = [
        step["deploy"]["release"]
        for act in scenario().noise
        if (step := act.action.step()).get("deploy", {}).get("component") == "checkout"
    ]
    assert deployed == [TELLS_TOO, TELLS]


@pytest.mark.integration
def test_one_event_holds_up_all_and_nothing_is_lost(shop: Shop) -> None:
    """Paid orders stay where they are, in order; the limit restored sets that one aside and frees them."""
    with stuck(shop) as client:
        orders = [buy(shop) for _ in range(3)]
        fails(shop)
        assert not any(fulfilled(shop, order) for order in orders)
        assert client.xlen(STREAM) == 4
        assert not client.exists(DEAD)
        eventually(lambda: shop.metric("worker", "worker_oldest_event_age_seconds") > 1, what="it grows old")
        shop.flags(worker_dead_letter_limit="3")
        await_fulfilled(shop, orders)
        (dead,) = entries(client, DEAD)
        assert "order_id" in dead
        assert "schema None" in dead["dead_because"]


@pytest.mark.integration
def test_a_restarted_worker_begins_with_it_again(shop: Shop) -> None:
    """What it had not finished comes before all that is new."""
    with stuck(shop):
        order = buy(shop)
        shop.restart("worker")
        fails(shop)
        assert shop.metric("worker", OK) == 0
        assert not fulfilled(shop, order)


@pytest.mark.integration
def test_a_worker_in_its_place_takes_it_over(shop: Shop) -> None:
    """New orders go well for as long as nobody has claimed the event, and are stuck like the others then."""
    with stuck(shop), shop.changed("worker", REPLICA="worker-2"):
        await_fulfilled(shop, [buy(shop)])
        eventually(
            lambda: shop.metric("worker", ERROR) >= 1, within_s=CLAIM_AFTER_S + 5, what="it is claimed"
        )
        order = buy(shop)
        fails(shop)
        assert not fulfilled(shop, order)


@pytest.mark.integration
def test_the_release_that_reads_both_fulfils_all(shop: Shop) -> None:
    """To it the old event is an order that was fulfilled long ago, and so is the next."""
    with stuck(shop) as client:
        orders = [buy(shop) for _ in range(3)]
        with shop.changed("worker", RELEASE=READS_BOTH):
            await_fulfilled(shop, orders)
            publish_another(shop)
            eventually(lambda: shop.metric("worker", OK) == 5, what="the other old event")
            assert shop.metric("worker", ERROR) == 0
            assert not client.exists(DEAD)


@pytest.mark.integration
def test_a_second_worker_helps_until_the_next_bad_event(shop: Shop, tmp_path: Path) -> None:
    """It takes what is new, and what the first was given and has not begun; then it is stuck as well."""
    with stuck(shop) as client:
        shop.processes["worker"].end()
        orders = [buy(shop) for _ in range(3)]
        client.xreadgroup(GROUP, "worker-1", {STREAM: ">"}, count=10)  # as a batch with the bad one
        shop.start_service("worker")
        shop.wait_ready("worker")
        with another_worker(shop, tmp_path):
            await_fulfilled(shop, [buy(shop)])
            await_fulfilled(shop, orders, within_s=CLAIM_AFTER_S + 10)
            assert client.xlen(STREAM) == 1
            publish_another(shop)
            eventually(lambda: client.xlen(STREAM) == 2, what="another bad event")
            order = buy(shop)
            fails(shop)
            assert not fulfilled(shop, order)


@pytest.mark.integration
def test_deleting_the_stream_loses_the_orders_in_it(shop: Shop) -> None:
    """New ones go well at once, and the old are never fulfilled, which the invariant tells."""
    with stuck(shop) as client:
        orders = [buy(shop) for _ in range(2)]
        client.delete(STREAM)
        await_fulfilled(shop, [buy(shop)])
        assert not any(fulfilled(shop, order) for order in orders)
        (parcels,) = (each.sql for each in scenario().invariants if "parcel" in each.say)
        with shop.postgres.connect() as connection:
            asked = parcels.replace("60 seconds", "0 seconds")
            assert connection.execute(asked.encode()).fetchone() == (2,)
    shop.forget()


@pytest.mark.integration
def test_neither_more_attempts_nor_fewer_receipts_help(shop: Shop) -> None:
    """It fails before anything is done, each time."""
    with stuck(shop):
        order = buy(shop)
        for flags in ({"worker_retries": "4"}, {"worker_receipts": "off"}):
            shop.flags(worker_dead_letter_limit="0", **flags)
            fails(shop, times=2)
            assert not fulfilled(shop, order)


def entries(client: redis_library.Redis, stream: str) -> list[dict[str, str]]:
    """The fields of each entry, the oldest first."""
    found: Any = client.xrange(stream)
    return [dict(fields) for _, fields in found]


@pytest.mark.integration
def test_a_worker_works_ten_times_as_fast_as_orders_come(shop: Shop) -> None:
    """So that what has piled up is gone well before a hold ends."""
    with stuck(shop) as client:
        event = entries(client, STREAM)[0]
        plain: dict[Any, Any] = {"kind": "order-paid", "schema": "1", "order": event["order_id"]}
        with client.pipeline() as together:
            for _ in range(500):
                together.xadd(STREAM, {**plain, "customer": event["customer_id"]})
            together.execute()
        before = shop.metric("worker", OK)
        shop.flags(worker_dead_letter_limit="3")
        eventually(lambda: shop.metric("worker", OK) > before, what="the first of them")
        first, began_s = shop.metric("worker", OK), time.monotonic()
        eventually(lambda: client.xlen(STREAM) == 0, what="an empty stream")
        per_s = (before + 500 - first) / (time.monotonic() - began_s)
        assert per_s > 10 * PAID_PER_S


@pytest.mark.integration
@pytest.mark.parametrize("release", [TELLS_TOO, TELLS])
def test_order_status_tells_what_load_holds_it_to(shop: Shop, release: str) -> None:
    """Quick and truthful answers, and bad ones once an order waits for longer than was promised."""
    with stuck(shop), shop.changed("checkout", RELEASE=release):
        order = buy(shop)
        told = shop.get("edge", f"/api/orders/{order}").json()
        ledger = Ledger("run")
        made = visit(ScriptedDoor(answer(told)), ledger)
        begun_s = made.wall_s - FULFILLED_WITHIN_S - 1
        ledger.accepted(ledger.begin("key", 5, told["total_cents"], begun_s), order, "paid")
        with pytest.raises(Bad, match="not fulfilled"):
            JOURNEYS["order-status"](made)
        newest = shop.get("edge", "/api/customers/5/history").json()["orders"][0]
        assert newest["order"] == order
        assert newest.get("fulfilled") is (False if release == TELLS else None)
