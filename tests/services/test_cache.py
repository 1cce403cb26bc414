"""Cache-aside: one rebuild for many, and no harm from a cache that fails."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from catalog import cache as cache_module
from catalog.cache import Cache
from tests.services.chosen import Chosen


class Memory:
    """As much of a Redis as the cache uses; `broken` and `hung` make it fail."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.broken = False
        self.hung = False

    async def get(self, name: str) -> str | None:
        if self.hung:
            await asyncio.sleep(3600)
        if self.broken:
            raise RedisConnectionError("refused")
        return self.entries.get(name)

    async def set(self, name: str, entry: str, **_: Any) -> None:
        if self.broken:
            raise RedisConnectionError("refused")
        self.entries[name] = entry

    async def pttl(self, name: str) -> int:
        if self.hung:
            await asyncio.sleep(3600)
        if self.broken:
            raise RedisConnectionError("refused")
        return 1500 if name in self.entries else -2


class Source:
    """What is expensive to make; counts how often it was made, and waits for `go`."""

    def __init__(self) -> None:
        self.made = 0
        self.go = asyncio.Event()
        self.go.set()

    async def make(self) -> str:
        self.made += 1
        await self.go.wait()
        return f"entry {self.made}"


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Chosen:
    flags = Chosen()
    monkeypatch.setattr(cache_module, "flags", flags)
    return flags


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def cache(chosen: Chosen, memory: Memory) -> Cache:
    return Cache(cast("Redis", memory))


async def ask(cache: Cache, source: Source) -> str:
    return await cache.through("thing", "1", ttl_s=60, make=source.make)


async def test_an_entry_is_made_once_and_then_read(cache: Cache) -> None:
    """The second request is answered from the cache."""
    source = Source()
    assert [await ask(cache, source), await ask(cache, source)] == ["entry 1", "entry 1"]
    assert source.made == 1


async def herd(cache: Cache, source: Source, size: int) -> list[str]:
    """So many requests at once, while the entry takes its time."""
    source.go.clear()
    requests = [asyncio.create_task(ask(cache, source)) for _ in range(size)]
    while not source.made:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    source.go.set()
    return list(await asyncio.gather(*requests))


async def test_with_single_flight_a_herd_makes_one_rebuild(cache: Cache) -> None:
    """Fifty requests for a missing entry wait for one rebuild."""
    source = Source()
    assert await herd(cache, source, 50) == ["entry 1"] * 50
    assert source.made == 1


async def test_without_single_flight_each_makes_its_own(cache: Cache, chosen: Chosen) -> None:
    """The switch is real: off, fifty requests make fifty rebuilds."""
    chosen.values["catalog-single-flight"] = False
    source = Source()
    await herd(cache, source, 50)
    assert source.made == 50


async def test_a_caller_that_leaves_does_not_take_the_others_along(cache: Cache) -> None:
    """One cancelled request leaves the rebuild to those who wait."""
    source = Source()
    source.go.clear()
    first, second = asyncio.create_task(ask(cache, source)), asyncio.create_task(ask(cache, source))
    while not source.made:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    first.cancel()
    source.go.set()
    assert await second == "entry 1"


async def test_a_failed_rebuild_is_not_kept(cache: Cache, memory: Memory) -> None:
    """Its error reaches whoever waited, and the next request tries again."""

    async def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await cache.through("thing", "1", ttl_s=60, make=fail)
    assert memory.entries == {}
    assert await ask(cache, Source()) == "entry 1"


@pytest.mark.parametrize("how", ["broken", "hung"])
async def test_a_cache_that_fails_costs_no_answer(
    cache: Cache, memory: Memory, chosen: Chosen, how: str
) -> None:
    """Refused or silent: the answer is made from the source, after the cache's short timeout."""
    chosen.values["catalog-cache-timeout"] = 0.01
    setattr(memory, how, True)
    assert await asyncio.wait_for(ask(cache, Source()), 2) == "entry 1"


async def test_whoever_refreshes_can_wait_for_it(cache: Cache, memory: Memory) -> None:
    """One rebuild, also for whoever asks again while it is under way."""
    source = Source()
    refreshed = [cache.refresh("thing", "1", ttl_s=60, make=source.make) for _ in range(2)]
    assert [await each for each in refreshed] == ["entry 1"] * 2
    assert memory.entries == {"thing:1": "entry 1"}
    assert source.made == 1


async def test_how_long_an_entry_is_still_served(cache: Cache) -> None:
    """In seconds; nothing is left of one that is not there."""
    assert await cache.left_s("thing", "1") == 0
    await ask(cache, Source())
    assert await cache.left_s("thing", "1") == 1.5


@pytest.mark.parametrize("how", ["broken", "hung"])
async def test_a_cache_that_fails_cannot_tell(cache: Cache, memory: Memory, chosen: Chosen, how: str) -> None:
    """Which is not the same as an entry that is not there."""
    chosen.values["catalog-cache-timeout"] = 0.01
    setattr(memory, how, True)
    assert await asyncio.wait_for(cache.left_s("thing", "1"), 2) is None


async def test_bypass_reads_and_writes_nothing(cache: Cache, memory: Memory, chosen: Chosen) -> None:
    """With the cache off, or no time to live, every request goes to the source."""
    chosen.values["catalog-cache"] = False
    source = Source()
    assert [await ask(cache, source), await ask(cache, source)] == ["entry 1", "entry 2"]
    assert memory.entries == {}
