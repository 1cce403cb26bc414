"""The line at the bank: so many are served at a time, and the others in the order in which they came."""

from __future__ import annotations

from asyncio import CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Unavailable


class Line:
    """Who has left without a word is served all the same: nobody at the counter can see that."""

    def __init__(self) -> None:
        self._served = 0
        self._waiting: deque[Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, at_a_time: int, waiting: int) -> AsyncIterator[None]:
        """Be served for the block; Unavailable if `waiting` others wait. `at_a_time` 0 serves everybody."""
        await self._come(at_a_time, waiting)
        try:
            yield
        finally:
            self._go()

    async def _come(self, at_a_time: int, waiting: int) -> None:
        if not at_a_time or self._served < at_a_time:
            self._served += 1
            return
        if len(self._waiting) >= waiting:
            raise Unavailable("too many payments at a time")
        turn = get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except CancelledError:
            if not turn.cancelled():  # it was its turn by then: the next may have it
                self._go()
            raise

    def _go(self) -> None:
        """The place goes to the next in line, if there is one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._served -= 1
