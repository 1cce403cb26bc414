"""Trials: exchange a product of the home listing for another, and keep what is worth more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from time import thread_time
from typing import Protocol, TypeVar

_ALIKE = 0.75  # what is left of a product's worth for each word that it shares with another


class Listed(Protocol):
    @property
    def popularity(self) -> int: ...
    @property
    def words(self) -> frozenset[str]: ...


T = TypeVar("T", bound=Listed)


def improved(chosen: Sequence[T], candidates: Sequence[T], *, cpu_s: float) -> list[T]:
    """The best listing found in so much CPU time; never one that is worth less than `chosen`."""
    ends_s = thread_time() + cpu_s
    best, most = list(chosen), worth(chosen)
    while thread_time() < ends_s:
        tried = list(best)
        tried[random.randrange(len(tried))] = random.choice(candidates)  # noqa: S311
        if len(set(tried)) == len(tried) and (worth_now := worth(tried)) > most:
            best, most = tried, worth_now
    return best


def worth(listing: Sequence[Listed]) -> float:
    """What all products of a listing are worth beside each other."""
    return sum(each.popularity * _ALIKE ** _shared(each, listing) for each in listing)


def _shared(one: Listed, listing: Sequence[Listed]) -> int:
    return sum(len(one.words & other.words) for other in listing if other is not one)
