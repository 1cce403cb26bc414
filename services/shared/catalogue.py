"""The truth about the catalogue, as pure functions: what every product is called, costs and matches.

`postgres/seed.sql` computes the same in SQL, so whoever knows an id can check an answer.
Product ids are 1..10,000, customer ids 1..2,000.
"""

from __future__ import annotations

from functools import cache

PRODUCTS = 10_000
CUSTOMERS = 2_000
LISTED = 24  # products on the home page
FOUND = 20  # results of a search, at most
SHOWN_REVIEWS = 20

# fmt: off
ADJECTIVES = (
    "amber", "brisk", "calm", "crisp", "deep",
    "early", "fair", "gentle", "handy", "ivory",
    "jolly", "keen", "light", "mellow", "neat",
    "olive", "plain", "quiet", "ready", "sturdy",
)
MATERIALS = (
    "ash", "bamboo", "brass", "clay", "copper",
    "cork", "cotton", "denim", "felt", "glass",
    "hemp", "leather", "linen", "maple", "marble",
    "oak", "slate", "steel", "walnut", "wool",
)
THINGS = (
    "apron", "basket", "bench", "bowl", "candle",
    "chair", "clock", "cushion", "desk", "frame",
    "hook", "jug", "kettle", "lamp", "mirror",
    "mug", "pillow", "planter", "rug", "shelf",
    "stool", "table", "towel", "tray", "vase",
)
# fmt: on


def words(product: int) -> tuple[str, str, str]:
    """The three words of a product's name; the three together belong to one product only."""
    index = product - 1
    return ADJECTIVES[index % 20], MATERIALS[index // 20 % 20], THINGS[index // 400]


def product_name(product: int) -> str:
    return " ".join(words(product)).title()


def price_cents(product: int) -> int:
    return 499 + product * 7919 % 19_501


def review_count(product: int) -> int:
    """How many reviews the seed gives a product: hundreds for a few, one or two for most."""
    if product % 1000 == 7:
        return 800
    if product % 100 == 7:
        return 60
    return product % 4


def search(query: str) -> list[int]:
    """The ids that a search answers: products with every word in their name, by id, 20 at most."""
    asked = query.lower().split()
    return sorted(frozenset.intersection(*map(_named, asked)))[:FOUND] if asked else []


@cache
def _named(word: str) -> frozenset[int]:
    return frozenset(product for product in range(1, PRODUCTS + 1) if word in words(product))
