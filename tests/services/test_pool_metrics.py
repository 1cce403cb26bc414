"""The numbers of several pools in one process, each told apart by its name."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shared.pool_metrics import PoolMetrics


class Told:
    """A pool with these numbers."""

    def __init__(self, **stats: int) -> None:
        self._stats = stats

    def get_stats(self) -> dict[str, int]:
        return self._stats


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry(auto_describe=True)


@pytest.fixture
def pools(registry: CollectorRegistry) -> PoolMetrics:
    made = PoolMetrics()
    registry.register(made)
    return made


def test_a_pool_alone_has_no_label(pools: PoolMetrics, registry: CollectorRegistry) -> None:
    """Whatever it leaves out is zero; times are told in seconds."""
    pools.add(Told(pool_max=8, requests_wait_ms=1500))
    lines = generate_latest(registry).decode().splitlines()
    assert "db_pool_max 8.0" in lines
    assert "db_pool_requests_waiting 0.0" in lines
    assert "db_pool_wait_seconds_total 1.5" in lines


def test_a_second_pool_has_its_name(pools: PoolMetrics, registry: CollectorRegistry) -> None:
    """Both are told, so that a sum is of both and each can be asked for."""
    pools.add(Told(pool_max=8, requests_num=7))
    pools.add(Told(pool_max=2, requests_num=5), "views")
    value = registry.get_sample_value
    assert (value("db_pool_max"), value("db_pool_max", {"pool": "views"})) == (8, 2)
    assert (value("db_pool_requests_total"), value("db_pool_requests_total", {"pool": "views"})) == (7, 5)


def test_two_pools_of_one_name_are_a_mistake(pools: PoolMetrics) -> None:
    """Their numbers would be one series."""
    pools.add(Told())
    with pytest.raises(ValueError, match="there is a pool '' already"):
        pools.add(Told())
