"""The home listing's choice."""

from __future__ import annotations

from catalog.listing import Candidate, diverse


def candidate(number: int, name: str, popularity: int) -> Candidate:
    return Candidate(number, name, 100, popularity, frozenset(name.split()))


def test_popular_products_come_first() -> None:
    """With nothing alike, popularity alone decides."""
    offered = [candidate(n, f"a{n} b{n}", popularity) for n, popularity in ((1, 5), (2, 9), (3, 7))]
    assert [each.id for each in diverse(offered, 2)] == [2, 3]


def test_likeness_costs() -> None:
    """A less popular product is chosen over one that resembles what is there already."""
    offered = [candidate(1, "oak lamp", 100), candidate(2, "oak lamp", 90), candidate(3, "wool rug", 60)]
    assert [each.id for each in diverse(offered, 2)] == [1, 3]


def test_there_may_be_fewer_than_wanted() -> None:
    """All candidates are chosen when they are too few."""
    assert len(diverse([candidate(1, "oak", 1)], 24)) == 1
