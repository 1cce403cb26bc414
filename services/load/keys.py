"""Who comes and what they look at: few products and customers are popular, most are not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

from shared import catalogue

PRODUCT_SKEW = 0.8
CUSTOMER_SKEW = 0.5
STAR = 3008
"""The product that everybody talks about, when they do; at other times hardly anybody looks at it."""
DEALER = 77
"""The customer whose account is large: an odd number, so that it may order."""
CART_LINES = 20
"""Different products that a cart may come to hold, so that no cart grows for ever."""


class Zipf:
    """Numbers 1..`size` where the r-th most popular is chosen in proportion to r to the power of -skew.

    Popularity is scattered over the numbers: neighbours are not equally popular.
    """

    _STEP = 7919  # a prime that divides no size we use

    def __init__(self, size: int, skew: float) -> None:
        self._size = size
        self._weights = list(accumulate(rank**-skew for rank in range(1, size + 1)))
        self._ranks = range(1, size + 1)

    def choose(self, source: random.Random) -> int:
        (rank,) = source.choices(self._ranks, cum_weights=self._weights)
        return rank * self._STEP % self._size + 1


class Keys:
    """The products and customers of a run."""

    def __init__(self) -> None:
        self._products = Zipf(catalogue.PRODUCTS, PRODUCT_SKEW)
        self._customers = Zipf(catalogue.CUSTOMERS, CUSTOMER_SKEW)
        self._busy_carts: set[int] = set()

    def product(self, source: random.Random) -> int:
        return self._products.choose(source)

    def viewed(self, source: random.Random, star_share: float) -> int:
        """A product whose page is looked at: the star, with this share, or any."""
        return STAR if star_share and source.random() < star_share else self.product(source)

    def products(self, source: random.Random, count: int) -> list[int]:
        """So many different products."""
        chosen: dict[int, None] = {}
        while len(chosen) < count:
            chosen[self.product(source)] = None
        return list(chosen)

    def buyer(self, source: random.Random) -> int:
        """A customer who places orders: an odd number."""
        return (self._customers.choose(source) - 1) // 2 * 2 + 1

    def account(self, source: random.Random, dealer_share: float) -> int:
        """A customer who looks at their account: the dealer, with this share, or any who buys."""
        return DEALER if dealer_share and source.random() < dealer_share else self.buyer(source)

    @contextmanager
    def cart(self, source: random.Random) -> Iterator[tuple[int, int]]:
        """A customer and a product for a cart that nobody else touches meanwhile.

        Even numbers only: a checkout, which may empty a cart long after its user has given up, is
        never one of theirs.
        """
        customer = self._customers.choose(source) // 2 * 2 or 2
        while customer in self._busy_carts:
            customer = customer % catalogue.CUSTOMERS + 2 - catalogue.CUSTOMERS % 2
        self._busy_carts.add(customer)
        try:
            yield customer, (customer * 31 + source.randrange(CART_LINES)) % catalogue.PRODUCTS + 1
        finally:
            self._busy_carts.discard(customer)
