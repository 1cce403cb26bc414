"""The ledger: what load tried, what the shop promised, and forgetting both."""

from __future__ import annotations

import random

import pytest

from load.ledger import KEEP_S, Ledger, may_follow

SOURCE = random.Random(1)  # noqa: S311


@pytest.mark.parametrize(
    ("before", "after", "possible"),
    [
        ("paid", "paid", True),
        ("paid", "payment_pending", False),
        ("paid", "declined", False),
        ("payment_pending", "paid", True),
        ("payment_pending", "declined", True),
        ("payment_pending", "None", False),
        ("declined", "paid", False),
    ],
)
def test_orders_only_go_forward(before: str, after: str, possible: bool) -> None:
    """Money that was taken stays taken."""
    assert may_follow(before, after) is possible


def test_every_try_is_known_and_numbered() -> None:
    """Also those that came to nothing."""
    ledger = Ledger("run")
    first, second, third = (ledger.begin(f"key-{number}", 1, 5, number) for number in range(3))
    ledger.accepted(first, 10, "paid")
    ledger.refused(second)
    assert [order.state for order in ledger.after(0)] == ["paid", "refused", "unknown"]
    assert ledger.after(2) == [third]
    assert ledger.after(3) == []


def test_only_promised_orders_are_looked_up() -> None:
    """Unknown and refused ones are no promise; None before there is any."""
    ledger = Ledger("run")
    assert ledger.some(SOURCE) is None
    ledger.refused(ledger.begin("a", 1, 5, 0))
    promised = ledger.begin("b", 1, 5, 0)
    ledger.accepted(promised, 10, "paid")
    assert ledger.some(SOURCE) is promised


def test_a_customers_orders_come_newest_first_and_only_older_ones() -> None:
    """As many as fit a history, begun before a moment."""
    ledger = Ledger("run")
    for number in range(20):
        ledger.accepted(ledger.begin(str(number), 1, 5, float(number)), number, "paid")
    ledger.accepted(ledger.begin("other", 3, 5, 0.0), 99, "paid")
    assert [order.number for order in ledger.of(1, accepted_before=18.0)] == list(range(17, 9, -1))
    assert ledger.of(5, accepted_before=99.0) == []


def test_a_reset_shop_has_no_orders_of_before() -> None:
    """Not even one that was being placed when its data was replaced."""
    ledger = Ledger("run")
    ledger.accepted(ledger.begin("old", 1, 5, 0), 10, "paid")
    under_way = ledger.begin("under way", 1, 5, 0)
    ledger.forget()
    ledger.accepted(under_way, 11, "paid")
    assert ledger.some(SOURCE) is None
    assert ledger.of(1, accepted_before=99.0) == []
    assert ledger.after(0) == []
    ledger.accepted(ledger.begin("new", 1, 5, 0), 1, "paid")
    assert [order.key for order in ledger.after(0)] == ["new"]


def test_an_hour_is_kept() -> None:
    """Memory is bounded, and sequence numbers go on."""
    ledger = Ledger("run")
    for number in range(5):
        ledger.begin(str(number), 1, 5, number * KEEP_S / 2)
    assert [order.sequence for order in ledger.after(0)] == [3, 4, 5]
    assert [order.sequence for order in ledger.after(4)] == [5]
