"""Fixtures for the services' tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.parts import Shop
from tests.services.processes import Parts


@pytest.fixture(scope="session")
def running_shop() -> Iterator[Shop]:
    """The whole shop on real parts, once for all tests; everything it started ends with it."""
    # Not under pytest's own folder: Postgres runs as another user and must reach its data.
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    folder.chmod(0o755)
    shop = Shop(folder)
    try:
        shop.start()
        yield shop
    finally:
        shop.end()
        shutil.rmtree(folder)


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
