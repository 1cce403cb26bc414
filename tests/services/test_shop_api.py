"""The shop's API, as users meet it at the edge."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from shared import catalogue
from tests.services.parts import Shop, eventually

pytestmark = pytest.mark.integration
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
READS = {
    "home": "/api/home",
    "product": "/api/products/7",
    "search": "/api/search?q=oak",
    "cart": "/api/cart/7",
    "order-status": "/api/orders/7",
    "account-history": "/api/customers/7/history",
}


def truthful(product: dict[str, Any]) -> bool:
    """Whether name and price are those of the id."""
    number = product["id"]
    truth = (catalogue.product_name(number), catalogue.price_cents(number))
    return (product["name"], product["price_cents"]) == truth


def test_the_seed_is_the_catalogue(shop: Shop) -> None:
    """SQL and Python agree on every product's name, price and number of reviews."""
    with shop.postgres.connect() as connection:
        rows = connection.execute(
            "select p.id, p.name, p.price_cents, count(r.id) from products p"
            " left join reviews r on r.product = p.id group by p.id order by p.id"
        ).fetchall()
    assert rows == [
        (
            product,
            catalogue.product_name(product),
            catalogue.price_cents(product),
            catalogue.review_count(product),
        )
        for product in range(1, catalogue.PRODUCTS + 1)
    ]


def test_home_lists_products_and_its_own_age(shop: Shop) -> None:
    """The listing has right prices and was made less than a minute ago."""
    listing = shop.get("edge", READS["home"]).json()
    assert len(listing["products"]) == catalogue.LISTED
    assert all(truthful(product) for product in listing["products"])
    assert time.time() - listing["generated_at"] < 60


def test_a_product_page_is_complete(shop: Shop) -> None:
    """Product, reviews (20 at most, the helpful first) and recommendations."""
    page = shop.get("edge", "/api/products/7").json()
    assert truthful(page)
    assert len(page["reviews"]) == catalogue.SHOWN_REVIEWS
    helpful = [review["helpful"] for review in page["reviews"]]
    assert helpful == sorted(helpful, reverse=True)
    assert all(truthful(product) for product in page["recommendations"])


def test_a_product_page_goes_without_slow_reviews(shop: Shop) -> None:
    """When reviews take too long the page comes without them, with its price."""
    shop.flags(edge_reviews_timeout="0.1ms")
    page = shop.get("edge", "/api/products/107").json()
    assert page["reviews"] is None
    assert truthful(page)


def test_reviews_one_by_one_are_the_same_but_cost_a_query_each(shop: Shop) -> None:
    """The unbatched path is real: same answer, one query per review."""
    shop.flags(catalog_reviews_ttl="0s")
    votes = 'db_query_duration_seconds_count{outcome="ok",query="votes"}'
    batched = shop.get("catalog", "/products/207/reviews").json()
    asked = shop.metric("catalog", votes)
    shop.flags(catalog_reviews_ttl="0s", catalog_reviews_batch="off")
    assert shop.get("catalog", "/products/207/reviews").json() == batched
    assert shop.metric("catalog", votes) - asked == catalogue.review_count(207)


@pytest.mark.parametrize("query", ["oak", "Oak lamp", "amber oak lamp", "spaceship", ""])
def test_search_and_its_fallback_answer_the_truth(shop: Shop, query: str) -> None:
    """Postgres and the fallback in memory find the same products; the answer says which it was."""
    found = shop.get("edge", "/api/search", params={"q": query}).json()
    assert found["fallback"] is False
    assert [product["id"] for product in found["results"]] == catalogue.search(query)
    assert all(truthful(product) for product in found["results"])
    shop.flags(catalog_search_timeout="0s")
    fallback = eventually(
        lambda: (
            it if (it := shop.get("edge", "/api/search", params={"q": query}).json())["fallback"] else None
        )
    )
    assert fallback["results"] == found["results"]


def test_a_cart_keeps_what_was_put_in(shop: Shop) -> None:
    """A quantity is set, set again, and taken out; each answer is the whole cart."""
    cart = shop.url("edge", "/api/cart/11")

    def put(product: int, quantity: int) -> dict[int, int]:
        answer = httpx.put(cart, json={"product": product, "quantity": quantity}).raise_for_status().json()
        assert shop.get("edge", "/api/cart/11").json() == answer
        return {item["product"]: item["quantity"] for item in answer["items"]}

    before = put(4321, 2)
    assert before[4321] == 2
    assert put(4321, 5) == {**before, 4321: 5}
    assert 4321 not in put(4321, 0)


def test_history_and_order_status_agree(shop: Shop) -> None:
    """Every order of an account's history, the newest first, has the same state and total by itself."""
    orders = shop.get("edge", "/api/customers/42/history").json()["orders"]
    assert len(orders) == 3
    assert [order["placed_at"] for order in orders] == sorted((o["placed_at"] for o in orders), reverse=True)
    for order in orders:
        status = shop.get("edge", f"/api/orders/{order['order']}").json()
        assert status == {key: order[key] for key in ("order", "state", "total_cents")}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/products/0", None, 404),
        ("GET", "/api/products/oak", None, 404),
        ("GET", "/api/orders/99999999", None, 404),
        ("PUT", "/api/cart/1", {"product": 99999, "quantity": 1}, 404),
        ("PUT", "/api/cart/1", {"product": 1}, 400),
        ("POST", "/api/checkout", {"customer": 1}, 400),
        (
            "POST",
            "/api/checkout",
            {"customer": 1, "card": "x", "items": [{"product": 99999, "quantity": 1}]},
            404,
        ),
        (
            "POST",
            "/api/checkout",
            {"customer": 9999, "card": "x", "items": [{"product": 1, "quantity": 1}]},
            404,
        ),
        ("DELETE", "/api/home", None, 405),
    ],
)
def test_mistakes_of_the_caller_are_told(
    shop: Shop, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    """What does not exist or makes no sense is a 4xx, and no error of the shop's."""
    errors = shop.metric("edge", 'journey_requests_total{journey="checkout",outcome="failed"}')
    assert httpx.request(method, shop.url("edge", path), json=body, timeout=20).status_code == status
    after = shop.metric("edge", 'journey_requests_total{journey="checkout",outcome="failed"}')
    assert after == errors


def test_one_trace_runs_through_every_service(shop: Shop) -> None:
    """The caller's trace id is on the lines of edge, checkout, bank, and, by the event, the worker."""
    placed = shop.buy("trace-1", traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert placed.status_code == 201
    for service in ("edge", "checkout", "bank", "worker"):
        eventually(partial(_traced, shop, service), what=f"the trace in {service}'s log")


def _traced(shop: Shop, service: str) -> bool:
    return any(line["trace"] == TRACE for line in shop.log(service))


def test_maintenance_closes_every_journey_while_it_is_on(shop: Shop) -> None:
    """All journeys answer 503 within a moment of the flag, and serve again after it."""
    shop.flags(maintenance="on")
    for path in READS.values():
        answer = shop.get("edge", path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert shop.buy("maintenance-1").status_code == 503
    assert shop.get("edge", "/readyz").status_code == 200
    shop.flags()
    assert shop.get("edge", "/api/home").status_code == 200
    assert shop.postgres.one("select count(*) from orders where idempotency_key = 'maintenance-1'") == 0


def test_shedding_turns_away_one_journey_only(shop: Shop) -> None:
    """A journey shed to 100 % answers 429 with Retry-After; the others don't notice."""
    shop.flags(edge_shed_search="100%")
    answer = shop.get("edge", READS["search"])
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert shop.get("edge", READS["home"]).status_code == 200


def test_what_users_get_is_counted_by_journey(shop: Shop) -> None:
    """Each journey has its series; a 503 counts as an error of that journey and of no other."""

    def count(journey: str, outcome: str) -> float:
        return shop.metric("edge", f'journey_requests_total{{journey="{journey}",outcome="{outcome}"}}')

    page = shop.get("edge", "/metrics").text
    for journey in (*READS, "checkout"):
        for outcome in ("good", "late", "failed"):
            assert f'journey_requests_total{{journey="{journey}",outcome="{outcome}"}}' in page
        assert f'http_request_duration_seconds_count{{journey="{journey}",outcome="ok"}}' in page
    before = {journey: count(journey, "failed") for journey in READS}
    shop.flags(maintenance="on")
    assert shop.get("edge", READS["product"]).status_code == 503
    after = {journey: count(journey, "failed") for journey in READS}
    assert {journey for journey in READS if after[journey] > before[journey]} == {"product"}


def test_a_dependency_that_is_gone_fails_only_its_journeys(shop: Shop) -> None:
    """Without checkout the edge is ready and browsing works; buying is a quick 503, and heals by itself."""
    shop.processes["checkout"].end()
    try:
        began = time.monotonic()
        assert shop.get("edge", READS["order-status"]).status_code == 503
        assert time.monotonic() - began < 2
        assert shop.get("edge", READS["home"]).status_code == 200
        assert shop.get("edge", "/readyz").status_code == 200
    finally:
        shop.start_service("checkout")
        shop.wait_ready("checkout")
    eventually(lambda: shop.get("edge", READS["order-status"]).status_code == 200)


def test_a_service_finishes_what_is_in_flight(shop: Shop) -> None:
    """On SIGTERM a checkout that is waiting for the bank completes, then the process exits 0."""
    with shop.changed("bank", LATENCY_MS="1000"), ThreadPoolExecutor(1) as pool:
        asked = shop.metric("checkout", "requests_in_flight")
        answer = pool.submit(shop.buy, "in-flight-1")
        eventually(lambda: shop.metric("checkout", "requests_in_flight") > asked)
        assert shop.processes["checkout"].end() == 0
        assert answer.result().status_code == 201
        shop.start_service("checkout")
        shop.wait_ready("checkout")


@pytest.mark.parametrize("service", ["edge", "catalog", "checkout", "worker", "bank"])
def test_every_service_ends_cleanly(shop: Shop, service: str) -> None:
    """SIGTERM is exit code 0, soon, and every line it ever logged is JSON with the same fields."""
    began = time.monotonic()
    assert shop.processes[service].end() == 0
    assert time.monotonic() - began < 5
    shop.start_service(service)
    shop.wait_ready(service)
    for line in shop.log(service):
        assert {"ts", "level", "service", "replica", "release", "trace", "msg"} <= line.keys()
        assert line["service"] == service
