"""Fixtures for the services' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.servers import reachable_folder
from tests.services.parts import Shop
from tests.services.processes import Parts


@pytest.fixture(scope="session")
def running_shop() -> Iterator[Shop]:
    """The whole shop on real parts, once for all tests; everything it started ends with it."""
    with reachable_folder() as folder:
        shop = Shop(folder)
        try:
            shop.start()
            yield shop
        finally:
            shop.end()


@pytest.fixture
def shop(running_shop: Shop) -> Iterator[Shop]:
    """The shop with no flags set, before and after."""
    running_shop.flags()
    yield running_shop
    running_shop.flags()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Processes whose settings folder is the test's own; they end with it."""
    made = Parts(tmp_path)
    yield made
    made.end()
