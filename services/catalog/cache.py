"""Cache-aside: read from Redis, else make it and store it. A cache that fails costs time, never an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.flags import flags
from shared.logs import Log

_LOG = Log("cache")
_RESULTS = ("hit", "miss", "error", "bypass")
_REQUESTS = Counter("cache_requests", "Reads of the cache", ("what", "result"))
_REBUILDS = Counter("cache_rebuilds", "Entries made anew", ("what",))
Make = Callable[[], Awaitable[str]]


class Cache:
    """Entries are JSON text under `what:key`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._flights: dict[str, asyncio.Task[str]] = {}

    async def through(self, what: str, key: str, *, ttl_s: float, make: Make) -> str:
        """The entry, at most `ttl_s` old; 0 never looks. What `make` raises is raised."""
        name = f"{what}:{key}"
        if ttl_s <= 0 or not flags.on("catalog-cache"):
            _REQUESTS.labels(what, "bypass").inc()
            return await self._alone(what, name, make)
        try:
            async with asyncio.timeout(flags.seconds("catalog-cache-timeout")):
                entry = await self._redis.get(name)
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            _REQUESTS.labels(what, "error").inc()
            _LOG.error("dependency failed", dependency="redis-cache", error=repr(error))
            return await self._alone(what, name, make)
        if entry is not None:
            _REQUESTS.labels(what, "hit").inc()
            return str(entry)
        _REQUESTS.labels(what, "miss").inc()
        return await self._alone(what, name, make, store_for_s=ttl_s)

    def refresh(self, what: str, key: str, *, ttl_s: float, make: Make) -> asyncio.Task[str]:
        """Make the entry anew in the background, unless that is under way; either can be waited for."""
        name = f"{what}:{key}"
        if name not in self._flights:
            self._take_off(what, name, make, ttl_s).add_done_callback(_tell)
        return self._flights[name]

    async def left_s(self, what: str, key: str) -> float | None:
        """How long the entry will still be served, 0 when there is none; None when the cache cannot tell."""
        try:
            async with asyncio.timeout(flags.seconds("catalog-cache-timeout")):
                left_ms = await self._redis.pttl(f"{what}:{key}")
        except (RedisError, OSError) as error:
            _LOG.error("dependency failed", dependency="redis-cache", error=repr(error))
            return None
        return max(0, int(left_ms)) / 1000

    async def _alone(self, what: str, name: str, make: Make, *, store_for_s: float = 0.0) -> str:
        """Make it, or with single flight wait for whoever makes it already."""
        if not flags.on("catalog-single-flight"):
            return await self._make(what, name, make, store_for_s)
        flight = self._flights.get(name) or self._take_off(what, name, make, store_for_s)
        return await asyncio.shield(flight)  # a caller that leaves must not take the others along

    def _take_off(self, what: str, name: str, make: Make, store_for_s: float) -> asyncio.Task[str]:
        flight = asyncio.create_task(self._make(what, name, make, store_for_s))
        self._flights[name] = flight
        flight.add_done_callback(lambda done: self._land(name, done))
        return flight

    def _land(self, name: str, flight: asyncio.Task[str]) -> None:
        self._flights.pop(name, None)
        if not flight.cancelled():
            flight.exception()  # whoever waits gets it; a refresh tells

    async def _make(self, what: str, name: str, make: Make, store_for_s: float) -> str:
        entry = await make()
        _REBUILDS.labels(what).inc()
        if store_for_s > 0:
            await self._store(name, entry, store_for_s)
        return entry

    async def _store(self, name: str, entry: str, ttl_s: float) -> None:
        try:
            async with asyncio.timeout(flags.seconds("catalog-cache-timeout")):
                await self._redis.set(name, entry, px=max(1, int(ttl_s * 1000)))
        except (RedisError, OSError) as error:
            _LOG.error("dependency failed", dependency="redis-cache", error=repr(error))


def _tell(refresh: asyncio.Task[str]) -> None:
    if not refresh.cancelled() and (error := refresh.exception()):
        _LOG.warning("entry could not be refreshed", error=str(error))


def declare(*whats: str) -> None:
    """Make the metrics of these kinds of entry exist at 0."""
    for what in whats:
        _REBUILDS.labels(what)
        for result in _RESULTS:
            _REQUESTS.labels(what, result)
