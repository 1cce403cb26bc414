"""The numbers of a connection pool, read from it whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import AsyncConnectionPool

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


class PoolMetrics(Collector):
    """`db_pool_*`; the pool leaves out what is zero, we do not."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    def register(self, registry: CollectorRegistry = REGISTRY) -> None:
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        stats = self._pool.get_stats()
        for name, (key, about) in _GAUGES.items():
            yield GaugeMetricFamily(name, about, value=stats.get(key, 0))
        for name, (key, about, factor) in _COUNTERS.items():
            yield CounterMetricFamily(name, about, value=stats.get(key, 0) * factor)
