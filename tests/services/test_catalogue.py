"""The truth about the catalogue."""

from __future__ import annotations

from shared import catalogue

EVERYTHING = range(1, catalogue.PRODUCTS + 1)


def test_names_belong_to_one_product() -> None:
    """No two products share a name."""
    assert len({catalogue.product_name(product) for product in EVERYTHING}) == catalogue.PRODUCTS


def test_prices_are_plausible() -> None:
    """Every price is between 5 and 200, and most products differ in price."""
    prices = [catalogue.price_cents(product) for product in EVERYTHING]
    assert min(prices) >= 499
    assert max(prices) < 20_000
    assert len(set(prices)) > 9_000


def test_search_finds_what_has_every_word() -> None:
    """A search answers the products whose names hold every word, by id, 20 at most."""
    found = catalogue.search("Oak lamp")
    assert [catalogue.product_name(product) for product in found] == [
        f"{adjective.title()} Oak Lamp" for adjective in catalogue.ADJECTIVES
    ]
    assert found == sorted(found)
    assert len(catalogue.search("oak")) == catalogue.FOUND
    assert catalogue.search("amber oak lamp") == found[:1]


def test_search_finds_nothing_for_other_words() -> None:
    """Unknown words, and no words, find nothing."""
    assert catalogue.search("spaceship") == []
    assert catalogue.search("oak spaceship") == []
    assert catalogue.search("  ") == []


def test_reviews_are_skewed() -> None:
    """A few products have hundreds of reviews, half of all have one at most."""
    counts = sorted(catalogue.review_count(product) for product in EVERYTHING)
    assert counts[-10:] == [800] * 10
    assert counts[len(counts) // 2] <= 2
