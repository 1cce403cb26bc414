"""What each journey takes for a right answer, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from load.journeys import JOURNEYS, Answer, Bad, Shed
from load.ledger import Ledger
from load.profiles import WEEKDAY
from shared import catalogue
from tests.services.load_parts import NOW_S, ScriptedDoor, answer, product, visit

MAINTENANCE = Answer(200, b"<html>We are back soon</html>")


class Shop:
    """A door behind which `change` may alter each answer."""

    def __init__(
        self, change: Callable[[dict[str, Any]], Any] = lambda body: body, status: int = 200
    ) -> None:
        self.change = change
        self.status = status
        self.asked: list[tuple[str, str, Any, Mapping[str, str]]] = []

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        self.asked.append((method, path, body, headers or {}))
        return answer(self.change(self._true(path, body)), self.status)

    def _true(self, path: str, body: Any) -> dict[str, Any]:
        if path == "/api/home":
            return {"products": [product(1), product(2)], "generated_at": NOW_S - 59}
        if path.startswith("/api/products/"):
            number = int(path.rpartition("/")[2])
            return {**product(number), "reviews": None, "recommendations": None}
        if path.startswith("/api/search"):
            found = catalogue.search(unquote(path.partition("q=")[2]))
            return {"results": [product(number) for number in found], "fallback": False}
        if path == "/api/checkout":
            total = sum(catalogue.price_cents(item["product"]) * item["quantity"] for item in body["items"])
            return {"order": 12, "state": "paid", "total_cents": total}
        raise AssertionError(path)


def test_there_is_a_journey_for_each_of_the_profiles() -> None:
    """Who can arrive can also visit."""
    assert set(JOURNEYS) == set(WEEKDAY)


@pytest.mark.parametrize("journey", ["home", "product", "search"])
def test_the_truth_is_good(journey: str) -> None:
    """Right content passes, whoever asks for what."""
    for seed in range(50):
        JOURNEYS[journey](visit(Shop(), seed=seed))


@pytest.mark.parametrize("journey", list(JOURNEYS))
def test_no_answer_errors_and_maintenance_pages_are_bad(journey: str) -> None:
    """Nothing, a 500, a 404 and a friendly page with status 200 are all bad."""
    for given in (Answer(0, error="refused"), Answer(500), Answer(404), MAINTENANCE, answer([])):
        with pytest.raises(Bad):
            JOURNEYS[journey](visit(ScriptedDoor(given)))


@pytest.mark.parametrize("journey", list(JOURNEYS))
def test_turned_away_on_purpose_is_shed(journey: str) -> None:
    """429, and 503 with Retry-After; a plain 503 is just bad."""
    for given in (Answer(429), Answer(503, retry_after=True)):
        with pytest.raises(Shed):
            JOURNEYS[journey](visit(ScriptedDoor(given)))
    with pytest.raises(Bad):
        JOURNEYS[journey](visit(ScriptedDoor(Answer(503))))


def _first_wrong(body: dict[str, Any], rows: str) -> dict[str, Any]:
    first, *others = body[rows]
    return {**body, rows: [{**first, "price_cents": first["price_cents"] + 1}, *others]}


@pytest.mark.parametrize(
    ("journey", "change", "said"),
    [
        ("home", lambda body: {**body, "products": []}, "empty"),
        ("home", lambda body: _first_wrong(body, "products"), "wrong price"),
        ("home", lambda body: {**body, "generated_at": NOW_S - 61}, "too old"),
        ("home", lambda body: {"products": body["products"]}, "generated_at"),
        ("product", lambda body: {**body, "price_cents": 1}, "wrong price"),
        ("product", lambda body: {**body, "price_cents": None}, "wrong price"),
        ("product", lambda body: {**body, **product(body["id"] % 100 + 1)}, "another product"),
        ("product", lambda body: {**body, "reviews": "soon"}, "reviews"),
        ("search", lambda body: {**body, "results": []}, "no results"),
        ("search", lambda body: _first_wrong(body, "results"), "wrong price"),
        ("search", lambda body: {**body, "results": [product(catalogue.PRODUCTS)]}, "words asked for"),
    ],
)
def test_wrong_content_is_bad(journey: str, change: Callable[[Any], Any], said: str) -> None:
    """A 200 is not good by itself."""
    with pytest.raises(Bad, match=said):
        JOURNEYS[journey](visit(Shop(change)))


def test_the_declared_fallback_may_find_other_products() -> None:
    """A search fallback is judged by its products being real, not by their words."""
    shop = Shop(lambda _: {"results": [product(3)], "fallback": True})
    JOURNEYS["search"](visit(shop))


class TestCart:
    def _visit(self, *answers: Callable[[dict[str, int]], Answer]) -> ScriptedDoor:
        """Visit with answers made from the line that was put."""
        asked: list[dict[str, int]] = []
        script = list(answers)

        class Door(ScriptedDoor):
            def ask(
                self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
            ) -> Answer:
                self.asked.append((method, path, body, headers or {}))
                if body:
                    asked.append(body)
                return script.pop(0)(asked[0])

        door = Door()
        JOURNEYS["cart"](visit(door))
        return door

    def test_what_is_put_is_read_back(self) -> None:
        """One write and one read of the same cart make one good arrival."""
        door = self._visit(lambda line: answer({"items": [line]}), lambda line: answer({"items": [line]}))
        (put, path, _, _), (get, same, _, _) = door.asked
        assert (put, get, path) == ("PUT", "GET", same)

    def test_acknowledged_and_lost_is_bad(self) -> None:
        """The read-back decides, not the acknowledgement."""
        with pytest.raises(Bad, match="lost"):
            self._visit(lambda line: answer({"items": [line]}), lambda _: answer({"items": []}))

    def test_another_quantity_is_bad(self) -> None:
        """A cart that holds the product, but an older number of it, has lost the write."""
        with pytest.raises(Bad, match="lost"):
            self._visit(
                lambda line: answer({"items": [line]}),
                lambda line: answer({"items": [{**line, "quantity": line["quantity"] + 1}]}),
            )


def _checkout(status: int, *, declined: bool, **changes: Any) -> Ledger:
    """Visits of the checkout with a good or a declined card, until one such card comes."""
    ledger = Ledger("run")
    for seed in range(1000):
        shop = Shop(lambda body: {**body, **changes}, status)
        error: Bad | None = None
        ledger = Ledger("run")
        try:
            JOURNEYS["checkout"](visit(shop, ledger, seed))
        except Bad as bad:
            error = bad
        if shop.asked[0][2]["card"].startswith("card-declined") == declined:
            if error:
                raise error
            return ledger
    raise AssertionError("no such card in 1000 checkouts")


class TestCheckout:
    def test_a_paid_order_is_in_the_ledger(self) -> None:
        """201 with the right total is good, and remembered with its number and key."""
        (order,) = _checkout(201, declined=False).after(0)
        assert (order.number, order.state, order.key) == (12, "paid", "run-7")

    def test_a_pending_order_is_good_and_remembered(self) -> None:
        """202 payment_pending is a promise to be checked later."""
        (order,) = _checkout(202, declined=False, state="payment_pending").after(0)
        assert (order.number, order.state) == (12, "payment_pending")

    def test_a_declined_card_must_be_declined(self) -> None:
        """402 is the right answer to a bad card, and only to that."""
        (order,) = _checkout(402, declined=True, state="declined").after(0)
        assert (order.number, order.state) == (None, "refused")
        with pytest.raises(Bad, match="good card"):
            _checkout(402, declined=False, state="declined")
        with pytest.raises(Bad, match="was charged"):
            _checkout(201, declined=True)

    @pytest.mark.parametrize(
        ("status", "changes", "said"),
        [
            (201, {"total_cents": 1}, "wrong total"),
            (201, {"order": None}, "order number"),
            (201, {"state": "payment_pending"}, "state"),
            (202, {"state": "paid"}, "state"),
            (200, {}, "status 200"),
        ],
    )
    def test_other_answers_are_bad(self, status: int, changes: dict[str, Any], said: str) -> None:
        """Any disagreement between status, state, number and total is bad."""
        with pytest.raises(Bad, match=said):
            _checkout(status, declined=False, **changes)

    def test_an_order_without_an_answer_stays_unknown(self) -> None:
        """The user does not know whether it exists, and neither does the ledger."""
        ledger = Ledger("run")
        with pytest.raises(Bad):
            JOURNEYS["checkout"](visit(ScriptedDoor(Answer(0)), ledger))
        assert [order.state for order in ledger.after(0)] == ["unknown"]

    def test_about_one_in_twelve_cards_is_declined(self) -> None:
        """8 % of checkouts, each with a key of its own and one or two different products."""
        cards, keys = 0, set()
        for seed in range(2000):
            shop, ledger = Shop(status=500), Ledger(str(seed))
            with pytest.raises(Bad):
                JOURNEYS["checkout"](visit(shop, ledger, seed))
            _, _, body, headers = shop.asked[0]
            cards += body["card"].startswith("card-declined")
            keys.add(headers["Idempotency-Key"])
            products = [item["product"] for item in body["items"]]
            assert 1 <= len(products) == len(set(products)) <= 2
        assert 110 < cards < 220
        assert len(keys) == 2000


def _ledger_with(state: str, customer: int = 1, begun_s: float = NOW_S - 10) -> Ledger:
    ledger = Ledger("run")
    ledger.accepted(ledger.begin("key", customer, 500, begun_s), 12, state)
    return ledger


class TestOrderStatus:
    def _ask(self, ledger: Ledger, **changes: Any) -> None:
        body = {"order": 12, "state": "paid", "total_cents": 500, **changes}
        JOURNEYS["order-status"](visit(ScriptedDoor(answer(body)), ledger))

    def test_the_truth_is_good_also_pending(self) -> None:
        """A pending order may be pending, paid by now, or declined by now."""
        self._ask(_ledger_with("paid"))
        for state in ("payment_pending", "paid", "declined"):
            self._ask(_ledger_with("payment_pending"), state=state)

    @pytest.mark.parametrize("changes", [{"state": "payment_pending"}, {"total_cents": 1}, {"order": 13}])
    def test_what_contradicts_the_ledger_is_bad(self, changes: dict[str, Any]) -> None:
        """A paid order does not go back, cost something else or become another."""
        with pytest.raises(Bad):
            self._ask(_ledger_with("paid"), **changes)

    def test_an_order_once_seen_paid_stays_paid(self) -> None:
        """The ledger learns from what it sees."""
        ledger = _ledger_with("payment_pending")
        self._ask(ledger, state="paid")
        with pytest.raises(Bad, match="payment_pending after paid"):
            self._ask(ledger, state="payment_pending")

    def test_before_the_first_order_it_asks_for_an_older_one(self) -> None:
        """A fresh ledger compares the account's history with the order itself."""
        row = {"order": 3, "state": "paid", "total_cents": 9}
        history = answer({"orders": [row]})
        JOURNEYS["order-status"](visit(ScriptedDoor(history, answer(row))))
        with pytest.raises(Bad, match="total_cents differs"):
            JOURNEYS["order-status"](visit(ScriptedDoor(history, answer({**row, "total_cents": 8}))))


class TestAccountHistory:
    def _ask(self, begun_s: float, *rows: dict[str, Any]) -> None:
        customer = visit(None).keys.buyer(visit(None).random)
        ledger = _ledger_with("paid", customer, begun_s)
        JOURNEYS["account-history"](visit(ScriptedDoor(answer({"orders": list(rows)})), ledger))

    def test_the_ledgers_orders_are_there(self) -> None:
        """Others may be there too."""
        mine = {"order": 12, "state": "paid", "total_cents": 500}
        self._ask(NOW_S - 10, {"order": 1, "state": "paid", "total_cents": 9}, mine)

    def test_a_missing_order_is_bad_after_its_deadline(self) -> None:
        """Staleness is forgiven for five seconds."""
        self._ask(NOW_S - 4)
        with pytest.raises(Bad, match="missing"):
            self._ask(NOW_S - 6)

    @pytest.mark.parametrize("changes", [{"total_cents": 1}, {"state": "payment_pending"}])
    def test_a_wrong_row_is_bad(self, changes: dict[str, Any]) -> None:
        """Total and state must be those of the ledger."""
        with pytest.raises(Bad):
            self._ask(NOW_S - 10, {"order": 12, "state": "paid", "total_cents": 500, **changes})
