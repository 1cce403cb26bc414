"""Keys: a few are popular, all are possible, and carts are nobody else's."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from load.keys import Keys, Zipf
from shared import catalogue

SOURCE = random.Random(1)  # noqa: S311


def test_popularity_follows_the_skew() -> None:
    """With a skew of 1 the first is twice as popular as the second."""
    counts = Counter(Zipf(100, 1.0).choose(SOURCE) for _ in range(50_000))
    (_, first), (_, second), *_ = counts.most_common()
    assert first / second == pytest.approx(2, rel=0.1)
    assert set(counts) == set(range(1, 101))


@pytest.mark.parametrize("size", [catalogue.PRODUCTS, catalogue.CUSTOMERS])
def test_each_number_has_one_rank(size: int) -> None:
    """Scattering popularity loses no number and counts none twice."""
    assert {rank * 7919 % size + 1 for rank in range(1, size + 1)} == set(range(1, size + 1))


def test_buyers_and_cart_owners_are_different_people() -> None:
    """A checkout that empties a cart long after its user has gone must not look like a lost line."""
    keys = Keys()
    for _ in range(2000):
        buyer = keys.buyer(SOURCE)
        with keys.cart(SOURCE) as (owner, product):
            assert (buyer % 2, owner % 2) == (1, 0)
            assert 1 <= buyer <= catalogue.CUSTOMERS
            assert 2 <= owner <= catalogue.CUSTOMERS
            assert 1 <= product <= catalogue.PRODUCTS


def test_two_visits_never_share_a_cart() -> None:
    """Not even when every cart but one is in use; and a cart is free again after its visit."""
    keys = Keys()
    carts = [keys.cart(SOURCE) for _ in range(catalogue.CUSTOMERS // 2)]
    owners = {cart.__enter__()[0] for cart in carts}
    assert len(owners) == catalogue.CUSTOMERS // 2
    carts[0].__exit__(None, None, None)
    with keys.cart(SOURCE) as (owner, _):
        assert owner in owners


def test_a_cart_cannot_grow_for_ever() -> None:
    """One customer's cart sees a few different products only."""
    keys, seen = Keys(), Counter[int]()
    products: dict[int, set[int]] = {}
    for _ in range(20_000):
        with keys.cart(SOURCE) as (owner, product):
            seen[owner] += 1
            products.setdefault(owner, set()).add(product)
    busiest, _ = seen.most_common(1)[0]
    assert len(products[busiest]) <= 20
