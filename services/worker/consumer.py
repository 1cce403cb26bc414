"""Handles the inbox, one event at a time and in order, for as long as the worker runs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally

import psycopg
from prometheus_client import Counter
from redis.exceptions import RedisError

from shared import trace
from shared.errors import Unavailable
from shared.flags import flags
from shared.logs import Log
from worker.fulfilment import Fulfilment, Unreadable
from worker.inbox import Entry, Inbox

_LOG = Log("consumer")
_HANDLED = Counter("worker_events", "Events taken from the stream", ("outcome",))
_RETRIES = Counter("worker_retries", "Further attempts at an event")
_DEAD = Counter("worker_dead_letters", "Events set aside in orders-dead")
_WAIT_S = 1.0
_AFTER_FAILURE_S = 0.5
_CLAIM_EVERY_S = 1.0


class Consumer:
    """An event that fails holds up those behind it, until it is set aside after the dead-letter limit.

    Only an event's own failure counts against it: while the database is away, it waits.
    """

    def __init__(self, inbox: Inbox, fulfilment: Fulfilment) -> None:
        self._inbox = inbox
        self._fulfilment = fulfilment
        self._failed_turns: Tally[str] = Tally()
        self._claim_at = 0.0
        for outcome in ("ok", "error"):
            _HANDLED.labels(outcome)

    async def run(self) -> None:
        while True:
            try:
                await self._turn()
            except (RedisError, OSError) as error:
                _LOG.error("dependency failed", dependency="redis-queue", error=repr(error))
                await asyncio.sleep(_AFTER_FAILURE_S)

    async def _turn(self) -> None:
        if time.monotonic() >= self._claim_at:
            self._claim_at = time.monotonic() + _CLAIM_EVERY_S
            await self._inbox.claim()
        for entry in await self._inbox.next(wait_s=_WAIT_S):
            trace.begin(entry.event.get("traceparent"))
            # Shielded: an event that was begun is finished, also when the worker is told to end.
            if not await asyncio.shield(self._finish(entry)):
                await asyncio.sleep(_AFTER_FAILURE_S)
                return

    async def _finish(self, entry: Entry) -> bool:
        """Handle one event and let go of it; False when it must come again."""
        began, span = time.monotonic(), {"span": trace.span(), "parent": trace.parent()}
        try:
            await self._with_retries(entry)
        except Unavailable as error:
            _HANDLED.labels("error").inc()
            _LOG.error("event waits", event=entry.id, error=error.message)
            return False
        except (Unreadable, psycopg.Error) as error:
            _HANDLED.labels("error").inc()
            return await self._failed(entry, str(error))
        self._failed_turns.pop(entry.id, None)
        await self._inbox.done(entry)
        _HANDLED.labels("ok").inc()
        _LOG.info("order fulfilled", **span, event=entry.id, order=entry.event.get("order"), ms=_since(began))
        return True

    async def _with_retries(self, entry: Entry) -> None:
        attempt = 0
        while True:
            try:
                return await self._fulfilment.handle(entry.event)
            except (Unreadable, Unavailable, psycopg.Error):
                if attempt >= flags.whole("worker-retries"):
                    raise
            _RETRIES.inc()
            await asyncio.sleep(flags.seconds("worker-retry-backoff") * 2**attempt)
            attempt += 1

    async def _failed(self, entry: Entry, why: str) -> bool:
        self._failed_turns[entry.id] += 1
        limit = flags.whole("worker-dead-letter-limit")
        if not limit or self._failed_turns[entry.id] < limit:
            _LOG.error("event failed, it comes again", event=entry.id, error=why)
            return False
        del self._failed_turns[entry.id]
        await self._inbox.set_aside(entry, why)
        _DEAD.inc()
        _LOG.error("event set aside", event=entry.id, error=why, dead_letters="orders-dead")
        return True


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
