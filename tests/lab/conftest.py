"""Stores for integration tests, on the versions of both runtimes."""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.lab import containers, servers


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(servers, id="process"),
        pytest.param(containers, id="container", marks=pytest.mark.docker),
    ],
)
def stores(request: pytest.FixtureRequest) -> ModuleType:
    """`postgres()` and `redis_server()`: this machine's programs, and those of the images."""
    module = request.param
    assert isinstance(module, ModuleType)
    return module
