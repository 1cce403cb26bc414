"""An event loop whose time is only counted, and calls in it that outlive their callers."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

from shared.client import Answer, CallFailed, TimedOut


class Clock(selectors.SelectSelector):
    """Nothing is waited for: the time is always that of what comes next."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now_s += timeout or 0.0
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._time = clock
        super().__init__(clock)

    def time(self) -> float:
        return self._time.now_s


class Network:
    """Answers calls; what was begun goes on when its caller has gone, until it is cut off."""

    def __init__(self) -> None:
        self.down = False
        self.tasks: set[asyncio.Task[Answer]] = set()

    async def answer(self, work: Coroutine[Any, Any, Answer], timeout_s: float) -> Answer:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        await asyncio.wait({task}, timeout=timeout_s)
        if not task.done():
            raise TimedOut("no answer in time", reached=True)
        if task.cancelled():
            raise CallFailed("the connection broke", reached=True)
        return task.result()
