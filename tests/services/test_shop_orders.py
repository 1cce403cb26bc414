"""Orders: stored once, charged once, fulfilled once, whatever fails on the way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
import redis as redis_library

from shared import catalogue
from tests.services.parts import Shop, eventually

pytestmark = pytest.mark.integration


def state(shop: Shop, key: str) -> str | None:
    found: str | None = shop.postgres.one("select state from orders where idempotency_key = %s", key)
    return found


def stock(shop: Shop, product: int) -> int:
    left: int = shop.postgres.one("select available from stock where product = %s", product)
    return left


def fulfilled(shop: Shop, key: str) -> bool:
    """Fulfilled, with exactly one receipt."""
    sql = """
        select count(*) from orders o join receipts r on r.order_id = o.id
        where idempotency_key = %s and fulfilled_at is not null
    """
    return bool(shop.postgres.one(sql, key) == 1)


def charges(shop: Shop) -> tuple[int, list[str]]:
    """How many charges the bank made, and which orders it charged twice."""
    summary = shop.get("bank", "/charges").json()
    return summary["charged"], summary["doubled"]


def queue(shop: Shop) -> Any:
    return redis_library.Redis(port=shop.redis.port, decode_responses=True)


def test_an_order_is_paid_and_fulfilled(shop: Shop) -> None:
    """201 with the right total; stored as paid with its charge; stock taken; fulfilled with a receipt."""
    left = stock(shop, 31)
    answer = shop.buy("paid-1", product=31)
    assert answer.status_code == 201
    assert answer.json()["state"] == "paid"
    assert answer.json()["total_cents"] == 2 * catalogue.price_cents(31)
    assert stock(shop, 31) == left - 2
    with shop.postgres.connect() as connection:
        sql = "select state, charge, charged_at from orders where idempotency_key = 'paid-1'"
        row = connection.execute(sql).fetchone()
    assert row is not None
    assert (row[0], row[1][:3]) == ("paid", "ch-")
    assert row[2] is not None
    assert shop.postgres.one("select count(*) from reservations") == 0
    eventually(lambda: fulfilled(shop, "paid-1"), what="the order fulfilled")


def test_a_repeated_key_gets_the_first_answer(shop: Shop) -> None:
    """The same key again, also at the same time, is one order and one charge."""
    charged, _ = charges(shop)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: shop.buy("same-key"), range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert shop.buy("same-key").text == answers[0].text
    assert charges(shop) == (charged + 1, [])


def test_a_declined_card_keeps_the_stock(shop: Shop) -> None:
    """402, again for the same key; nothing is sold and nothing fulfilled."""
    left = stock(shop, 32)
    for _ in range(2):
        answer = shop.buy("declined-1", product=32, card="card-declined-7")
        assert (answer.status_code, answer.json()["state"]) == (402, "declined")
    assert stock(shop, 32) == left
    assert not fulfilled(shop, "declined-1")


@pytest.mark.parametrize("reserve", ["on", "off"])
def test_what_is_sold_out_is_not_charged(shop: Shop, reserve: str) -> None:
    """409; no order, no charge, and stock as before, on either way of taking it."""
    shop.flags(checkout_reserve_stock=reserve)
    product = 33 if reserve == "on" else 34
    with shop.postgres.connect() as connection:
        connection.execute("update stock set available = 1 where product = %s", (product,))
    charged, _ = charges(shop)
    assert shop.buy(f"sold-out-{reserve}", product=product).status_code == 409
    assert stock(shop, product) == 1
    assert state(shop, f"sold-out-{reserve}") is None
    assert charges(shop)[0] == charged


def test_popular_products_are_not_locked_while_the_bank_thinks(shop: Shop) -> None:
    """Eight orders of one product wait for the bank at the same time; with the reservation off, in turn."""

    def buy(key: str) -> int:
        return shop.buy(key, product=35).status_code

    def seconds(name: str) -> float:
        began = time.monotonic()
        assert list(pool.map(buy, [f"{name}-{n}" for n in range(8)])) == [201] * 8
        return time.monotonic() - began

    with shop.changed("bank", LATENCY_MS="300"), ThreadPoolExecutor(8) as pool:
        assert seconds("hot-on") < 8 * 0.3 / 2
        shop.flags(checkout_reserve_stock="off")
        assert seconds("hot-off") > 8 * 0.3


@pytest.mark.parametrize("reserve", ["on", "off"])
def test_a_bank_that_fails_leaves_nothing_behind(shop: Shop, reserve: str) -> None:
    """As usual an order without a charge is a 503: no order, stock given back, connection free again."""
    shop.flags(checkout_reserve_stock=reserve)
    left = stock(shop, 36)
    with shop.changed("bank", ERROR_SHARE="100%"):
        assert shop.buy(f"bank-fails-{reserve}", product=36).status_code == 503
    assert state(shop, f"bank-fails-{reserve}") is None
    assert stock(shop, 36) == left
    assert shop.postgres.one("select count(*) from reservations") == 0
    assert shop.metric("checkout", "db_pool_available") == shop.metric("checkout", "db_pool_max")


def test_a_pending_order_is_settled_exactly_once(shop: Shop) -> None:
    """With the fallback on and the bank away: 202 soon, stored, no connection held.

    Once the bank is back the worker settles each once, and fulfils it.
    """
    shop.flags(checkout_pending_fallback="on")
    left = stock(shop, 37)
    with shop.changed("bank", LATENCY_MS="8000"):
        began = time.monotonic()
        answers = [shop.buy(f"pending-{n}", product=37) for n in range(3)]
        assert (time.monotonic() - began) / 3 < 2, "nobody waits for the bank"
        assert [answer.status_code for answer in answers] == [202] * 3
        assert {answer.json()["state"] for answer in answers} == {"payment_pending"}
        assert shop.buy("pending-0", product=37).text == answers[0].text
        status = shop.get("edge", f"/api/orders/{answers[0].json()['order']}").json()
        assert status["state"] == "payment_pending"
        assert shop.metric("checkout", "db_pool_available") == shop.metric("checkout", "db_pool_max")
        assert stock(shop, 37) == left - 6
        eventually(lambda: shop.metric("worker", "worker_pending_payments") == 3)
    for n in range(3):
        eventually(partial(fulfilled, shop, f"pending-{n}"), within_s=45, what="settled and fulfilled")
        assert state(shop, f"pending-{n}") == "paid"
    assert charges(shop) == (3, [])
    assert shop.postgres.one("select count(*) from outbox where event ->> 'kind' = 'order-paid'") == 0
    assert stock(shop, 37) == left - 6


def test_a_pending_order_may_be_declined_later(shop: Shop) -> None:
    """The bank declines when it is back: the order says so and its stock returns."""
    shop.flags(checkout_pending_fallback="on")
    left = stock(shop, 38)
    with shop.changed("bank", ERROR_SHARE="100%"):
        answer = shop.buy("declined-later", product=38, card="card-declined-9")
        assert answer.status_code == 202
    eventually(lambda: state(shop, "declined-later") == "declined", within_s=45)
    assert stock(shop, 38) == left


def test_the_fallback_changes_nothing_while_the_bank_is_well(shop: Shop) -> None:
    """A bank that answers in time makes 201 and 402 as ever."""
    shop.flags(checkout_pending_fallback="on")
    eventually(lambda: shop.buy("well-1").status_code == 201)
    assert shop.buy("well-2", card="card-declined-1").status_code == 402


def test_the_breaker_keeps_orders_from_a_slow_bank_and_finds_it_well_again(shop: Shop) -> None:
    """Slow answers open it; then orders are 202 at once; a probe off the users' path closes it."""
    shop.flags(checkout_bank_breaker="on", checkout_bank_timeout="0.3s", checkout_bank_slow="0.2s")
    with shop.changed("bank", LATENCY_MS="2000"), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: shop.buy(f"opens-{n}"), range(12)))
        assert _open(shop)
        charges_tried = shop.metric("checkout", 'bank_request_duration_seconds_count{call="charge"')
        assert shop.buy("breaker-open").status_code == 202
        assert shop.metric("checkout", 'bank_request_duration_seconds_count{call="charge"') == charges_tried
    eventually(lambda: not _open(shop), what="the breaker closed")
    assert shop.buy("breaker-closed").status_code == 201
    eventually(lambda: state(shop, "breaker-open") == "paid", within_s=45)


def _open(shop: Shop) -> bool:
    return shop.metric("checkout", "bank_breaker_open") == 1


def test_a_bad_event_is_set_aside_and_the_rest_goes_on(shop: Shop) -> None:
    """After the dead-letter limit an unreadable event is in orders-dead, and later orders are fulfilled."""
    client = queue(shop)
    client.xadd("orders", {"kind": "order-paid", "schema": "1", "order": "many", "customer": "5"})
    assert shop.buy("after-poison").status_code == 201
    eventually(lambda: fulfilled(shop, "after-poison"), what="the order behind the bad event")
    [(_, dead)] = client.xrevrange("orders-dead", count=1)
    assert dead["order"] == "many"
    assert "order or customer" in dead["dead_because"]
    assert client.xlen("orders") == 0


def test_without_a_limit_a_bad_event_blocks_those_behind_it(shop: Shop) -> None:
    """With limit 0 it comes again and again, in order; the limit restored lets everything through."""
    shop.flags(worker_dead_letter_limit="0", worker_retries="0")
    client = queue(shop)
    failed = shop.metric("worker", 'worker_events_total{outcome="error"}')
    client.xadd("orders", {"kind": "order-paid", "schema": "2"})
    assert shop.buy("blocked").status_code == 201
    eventually(lambda: shop.metric("worker", 'worker_events_total{outcome="error"}') >= failed + 5)
    assert not fulfilled(shop, "blocked")
    eventually(lambda: shop.metric("worker", "worker_lag_events") == 2)
    eventually(lambda: shop.metric("worker", "worker_oldest_event_age_seconds") > 1)
    shop.flags()
    eventually(lambda: fulfilled(shop, "blocked"))


def test_a_worker_that_was_killed_finishes_later(shop: Shop) -> None:
    """An event that a dead worker left pending is handled by the next one."""
    shop.processes["worker"].end(9)
    assert shop.buy("no-worker").status_code == 201
    client = queue(shop)
    client.xreadgroup("fulfilment", "worker-1", {"orders": ">"})
    assert not fulfilled(shop, "no-worker")
    shop.start_service("worker")
    shop.wait_ready("worker")
    eventually(lambda: fulfilled(shop, "no-worker"))


def test_an_event_that_was_never_published_is_published_late(shop: Shop) -> None:
    """What a dead checkout left in the outbox reaches the stream, and its reserved stock returns."""
    left = stock(shop, 39)
    with shop.postgres.connect() as connection:
        connection.execute("""
            with stored as (
                insert into orders (customer, state, total_cents, card, idempotency_key, charged_at)
                values (5, 'paid', 100, 'card-ok-5', 'left-over', now()) returning id
            )
            insert into outbox (event, made_at)
            select
                jsonb_build_object('kind', 'order-paid', 'schema', '1', 'order', id::text, 'customer', '5'),
                now() - interval '1 minute'
            from stored
        """)
        connection.execute("update stock set available = available - 4 where product = 39")
        connection.execute("""
            insert into reservations (holder, product, quantity, made_at)
            select 'gone', 39, quantity, now() - interval '2 minutes' from unnest(array[1, 3]) as quantity
        """)
    eventually(lambda: fulfilled(shop, "left-over"))
    eventually(lambda: stock(shop, 39) == left)


def test_a_recreated_database_needs_no_restart(shop: Shop) -> None:
    """After a reset of the data every request works at once, on new connections."""
    shop.forget()
    paths = ("/api/orders/7", "/api/customers/7/history", "/api/cart/7", "/api/search?q=oak")
    assert [shop.get("edge", path).status_code for path in paths * 4] == [200] * 16
    assert shop.buy("after-reset").status_code == 201
    eventually(lambda: fulfilled(shop, "after-reset"))


def test_a_restarted_database_needs_no_restart_of_ours(shop: Shop) -> None:
    """Once Postgres accepts connections again, so do we, at once."""
    shop.postgres.restart()
    assert [shop.get("edge", "/api/orders/7").status_code for _ in range(10)] == [200] * 10
    assert shop.buy("after-restart").status_code == 201
    eventually(lambda: fulfilled(shop, "after-restart"))


def test_a_flushed_queue_needs_no_restart(shop: Shop) -> None:
    """After Redis lost everything, consumer group included, orders are fulfilled again."""
    queue(shop).flushall()
    assert shop.buy("after-flush").status_code == 201
    eventually(lambda: fulfilled(shop, "after-flush"))


@pytest.mark.parametrize(
    ("environment", "connections"),
    [({"RELEASE": "2.4.0"}, 2), ({"RELEASE": "2.4.0", "DB_POOL_MAX": "8"}, 8), ({"RELEASE": "2.3.1"}, 8)],
)
def test_a_release_sets_the_default_pool_and_the_environment_wins(
    shop: Shop, environment: dict[str, str], connections: int
) -> None:
    """2.4.0 keeps two connections unless DB_POOL_MAX says otherwise; the innocent release keeps eight."""
    with shop.changed("checkout", **environment):
        assert shop.metric("checkout", "db_pool_max") == connections
        assert shop.buy(f"release-{environment}").status_code == 201


def test_a_pool_that_is_too_small_times_out_and_says_so(shop: Shop) -> None:
    """Orders wait for the one connection that the bank holds; those that wait too long are 503."""
    with (
        shop.changed("bank", LATENCY_MS="400"),
        shop.changed("checkout", DB_POOL_MAX="1", DB_POOL_TIMEOUT="1s"),
        ThreadPoolExecutor(6) as pool,
    ):
        answers = list(pool.map(lambda n: shop.buy(f"narrow-{n}").status_code, range(6)))
        assert sorted(set(answers)) == [201, 503]
        assert shop.metric("checkout", "db_pool_timeouts_total") == answers.count(503)
        assert shop.metric("checkout", "db_pool_wait_seconds_total") > 1


def test_roles_may_do_what_they_need(shop: Shop) -> None:
    """analytics reads the shop and the reports, and changes nothing; shop is no superuser."""
    with shop.postgres.connect("reporting") as connection:
        connection.execute("set role analytics")
        assert connection.execute("select sum(sold) > 0 from daily_sales").fetchone() == (True,)
    with shop.postgres.connect() as connection:
        connection.execute("set role analytics")
        assert connection.execute("select count(*) from orders").fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from carts")
    assert shop.postgres.one("select rolsuper from pg_roles where rolname = 'shop'") is False
