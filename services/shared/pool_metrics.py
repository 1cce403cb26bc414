"""The numbers of connection pools, read from them whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_GAUGES = {
    "db_pool_size": ("pool_size", "Connections the pool holds"),
    "db_pool_max": ("pool_max", "Connections the pool may hold"),
    "db_pool_available": ("pool_available", "Connections that nobody uses"),
    "db_pool_requests_waiting": ("requests_waiting", "Requests that wait for a connection"),
}
_COUNTERS = {
    "db_pool_requests": ("requests_num", "Connections asked for", 1.0),
    "db_pool_wait_seconds": ("requests_wait_ms", "Time spent waiting for a connection", 0.001),
    "db_pool_timeouts": ("requests_errors", "Requests that got no connection in time", 1.0),
    "db_pool_usage_seconds": ("usage_ms", "Time that connections were held", 0.001),
    "db_pool_connections_lost": ("connections_lost", "Connections found dead", 1.0),
}


class Pool(Protocol):
    """What tells its numbers; psycopg's pools do."""

    def get_stats(self) -> Mapping[str, int]: ...


class PoolMetrics(Collector):
    """`db_pool_*` of each pool of a process; a pool leaves out what is zero, we do not.

    A pool that has a name has it as the label `pool`: most processes have one pool, which has none.
    """

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def add(self, pool: Pool, name: str = "") -> None:
        """Tell of this pool, too; ValueError when there is one of that name."""
        if name in self._pools:
            raise ValueError(f"there is a pool {name!r} already")
        self._pools[name] = pool

    def collect(self) -> Iterable[Metric]:
        told = [({"pool": name} if name else {}, pool.get_stats()) for name, pool in self._pools.items()]
        for name, (key, about) in _GAUGES.items():
            gauge = GaugeMetricFamily(name, about)
            for labels, stats in told:
                gauge.add_sample(name, labels, stats.get(key, 0))
            yield gauge
        for name, (key, about, factor) in _COUNTERS.items():
            counter = CounterMetricFamily(name, about)
            for labels, stats in told:
                counter.add_sample(f"{name}_total", labels, stats.get(key, 0) * factor)
            yield counter


POOLS = PoolMetrics()
"""Those of this process."""
REGISTRY.register(POOLS)
