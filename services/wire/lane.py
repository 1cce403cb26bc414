"""One direction of one connection: the stages that its bytes pass, in the order the toxics came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from wire.stage import Chunk, Stage
from wire.toxics.base import Toxic

HIGH_WATER = 1 << 20
"""Bytes that may wait in a lane's stages before its source is no longer read."""


class Mouth(Protocol):
    """Where a lane's bytes come out, and how its connection is ended."""

    def write(self, data: bytes) -> None: ...
    def write_end(self) -> None: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...


class Lane:
    """Bytes in by `feed` and `end`, out by the mouth; `throttle(True)` asks the source to pause."""

    def __init__(self, mouth: Mouth, throttle: Callable[[bool], None]) -> None:
        self._mouth = mouth
        self._throttle = throttle
        self._stages: dict[str, Stage] = {}
        self._waiting = 0
        self._paused = False
        self.ended = False

    def feed(self, data: bytes) -> None:
        if self._stages:
            self._account(len(data))
            self._first().put(Chunk(data, asyncio.get_running_loop().time()))
        else:
            self._mouth.write(data)

    def end(self) -> None:
        """The source will send no more."""
        if self.ended:
            return
        self.ended = True
        if self._stages:
            self._first().put(Chunk(b"", asyncio.get_running_loop().time()))
        else:
            self._mouth.write_end()

    def add(self, name: str, toxic: Toxic) -> None:
        """One more stage at the end; bytes that are past it stay past it."""
        self._stages[name] = Stage(toxic, self)

    def retune(self, name: str, toxic: Toxic) -> None:
        if name in self._stages:
            self._stages[name].retune(toxic)

    def remove(self, name: str) -> None:
        """Take a stage out at once; what waited in it goes on to the next, in order."""
        stage = self._stages.get(name)
        if stage is None:
            return
        for chunk in stage.stop():
            self.pass_on(stage, chunk)
        del self._stages[name]

    def abandon(self) -> None:
        """The connection is gone: nothing that waits can arrive any more."""
        for stage in self._stages.values():
            stage.abandon()
        self._stages.clear()

    @property
    def waiting(self) -> int:
        """Bytes that are held in stages."""
        return self._waiting

    # What a stage asks of its way.

    def pass_on(self, stage: Stage, chunk: Chunk) -> None:
        if after := self._after(stage):
            after.put(chunk)
        elif chunk.data:
            self._account(-len(chunk.data))
            self._mouth.write(chunk.data)
        else:
            self._mouth.write_end()

    def lost(self, size: int) -> None:
        self._account(-size)

    def close(self) -> None:
        self._mouth.close()

    def reset(self) -> None:
        self._mouth.reset()

    def _first(self) -> Stage:
        return next(iter(self._stages.values()))

    def _after(self, stage: Stage) -> Stage | None:
        stages = iter(self._stages.values())
        for other in stages:
            if other is stage:
                return next(stages, None)
        return None

    def _account(self, size: int) -> None:
        self._waiting += size
        paused = self._waiting > HIGH_WATER
        if paused != self._paused:
            self._paused = paused
            self._throttle(paused)
