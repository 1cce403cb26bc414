"""The stream of orders as this worker's inbox: in order, its own unfinished events first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from shared import environment
from shared.events import DEAD, GROUP, STREAM, Event

_DEAD_KEPT = 10_000
_NEW_AT_ONCE = 10


@dataclass(frozen=True)
class Entry:
    """One event in the stream; `id` begins with its time in epoch milliseconds."""

    id: str
    event: Event


class Inbox:
    def __init__(self, redis: Redis, *, claim_after_s: float) -> None:
        self._redis = redis
        self._claim_after_ms = int(claim_after_s * 1000)

    async def next(self, *, wait_s: float) -> list[Entry]:
        """Events to handle, oldest first: what was left unfinished, else what is new within `wait_s`."""
        try:
            # Skipping straight to new events would leave an unfinished one behind, out of order.
            return await self._read("0", count=1) or await self._read(">", count=_NEW_AT_ONCE, wait_s=wait_s)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._make_group()
            return []

    async def done(self, entry: Entry) -> None:
        """The event is handled: the stream holds only what is not."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(STREAM, GROUP, entry.id)
            pipeline.xdel(STREAM, entry.id)
            await pipeline.execute()

    async def set_aside(self, entry: Entry, why: str) -> None:
        """Move the event to the dead letters, with its id and the reason."""
        dead: dict[Any, Any] = {**entry.event, "dead_id": entry.id, "dead_because": why}
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xadd(DEAD, dead, maxlen=_DEAD_KEPT, approximate=True)
            pipeline.xack(STREAM, GROUP, entry.id)
            pipeline.xdel(STREAM, entry.id)
            await pipeline.execute()

    async def claim(self) -> None:
        """Take over what a worker that is gone left unfinished."""
        try:
            await self._redis.xautoclaim(
                STREAM, GROUP, environment.REPLICA, self._claim_after_ms, justid=True
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise

    async def _read(self, since: str, *, count: int, wait_s: float | None = None) -> list[Entry]:
        """`0` reads this worker's pending list again, `>` what nobody was given yet."""
        answer: Any = await self._redis.xreadgroup(
            GROUP,
            environment.REPLICA,
            {STREAM: since},
            count=count,
            block=None if wait_s is None else int(wait_s * 1000),
        )
        return [Entry(entry_id, dict(fields or {})) for entry_id, fields in answer[0][1]] if answer else []

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
