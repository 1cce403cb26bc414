"""Real labs for whole stories, told in an order in which two workers end together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal, at_home

ORDER = ("test_drill", "test_killed", "test_proof_fails", "test_leaks", "test_real_lab")
"""Files in the order in which workers get them, the longest first; others follow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put this folder's tests in order, and leave all others where they are."""
    ours = [number for number, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[number] for number in ours), key=lambda item: _turn(item.path.stem))
    for number, item in zip(ours, ordered, strict=True):
        items[number] = item


def _turn(file: str) -> int:
    return ORDER.index(file) if file in ORDER else len(ORDER)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A home of the test's own."""
    with at_home() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared() -> Iterator[Terminal]:
    """One lab that is up for all tests of a file; each leaves it healthy."""
    with at_home() as opened:
        opened.up()
        yield opened
