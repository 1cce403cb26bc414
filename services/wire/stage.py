"""One toxic at work on one lane. Bytes leave it only by the toxic's own act, never by being cancelled."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.logs import Log

if TYPE_CHECKING:
    from wire.toxics.base import Toxic

_LOG = Log("wire")


@dataclass(slots=True)
class Chunk:
    """Bytes and the loop's time at which they left the previous stage; no bytes: the end of the stream."""

    data: bytes
    at: float


class Way(Protocol):
    """What a stage needs of its lane: the way on, and the two ways to end the connection."""

    def pass_on(self, stage: Stage, chunk: Chunk) -> None: ...
    def lost(self, size: int) -> None: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...


class Stage:
    """A toxic's inbox and what it may do with it; `forward` and `drop` never wait."""

    def __init__(self, toxic: Toxic, way: Way) -> None:
        self.passed = 0  # bytes, over the life of the stage
        self._loop = asyncio.get_running_loop()
        self._way = way
        self._inbox: deque[Chunk] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._start(toxic)

    def _start(self, toxic: Toxic) -> None:
        self._toxic = toxic
        self._task = self._loop.create_task(self._run(toxic))
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("a link was closed by a mistake of ours", exc_info=error)
            self.close()

    async def _run(self, toxic: Toxic) -> None:
        await toxic.pipe(self)
        if self._inbox and not self._inbox[0].data:
            self.forward()
        else:
            self.close()

    # What the lane does with a stage.

    def put(self, chunk: Chunk) -> None:
        self._inbox.append(chunk)
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    def retune(self, toxic: Toxic) -> None:
        """Go on with other parameters; what waits keeps waiting."""
        self._task.cancel()
        self._start(toxic)

    def stop(self) -> list[Chunk]:
        """End the toxic's work at once and return what was still waiting, in order."""
        self._task.cancel()
        self._toxic.removed(self)
        waiting = list(self._inbox)
        self._inbox.clear()
        return waiting

    def abandon(self) -> None:
        """End the toxic's work; its connection is gone."""
        self._task.cancel()
        self._inbox.clear()

    # What a toxic does with its stage.

    async def head(self) -> Chunk:
        """The oldest chunk, once there is one; it stays until it is forwarded or dropped."""
        while not self._inbox:
            self._arrival = self._loop.create_future()
            await self._arrival
        return self._inbox[0]

    def forward(self, size: int | None = None, *, at: float | None = None) -> None:
        """Send the oldest chunk on, or its first `size` bytes."""
        chunk = self._inbox[0]
        at = chunk.at if at is None else at
        if size is None or size >= len(chunk.data):
            self._inbox.popleft()
            sent = Chunk(chunk.data, at)
        else:
            sent = Chunk(chunk.data[:size], at)
            chunk.data = chunk.data[size:]
        self.passed += len(sent.data)
        self._way.pass_on(self, sent)

    def drop(self) -> None:
        """Lose the oldest chunk on purpose."""
        self._way.lost(len(self._inbox.popleft().data))

    def close(self) -> None:
        self._way.close()

    def reset(self) -> None:
        self._way.reset()

    def now(self) -> float:
        return self._loop.time()

    async def sleep_until(self, when: float) -> None:
        """Wait until the loop's time `when`; no wait at all when that has passed."""
        wait_s = when - self._loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def forever(self) -> None:
        await self._loop.create_future()
