"""A connection is closed after a number of bytes."""

from __future__ import annotations

from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class LimitData(Toxic):
    """`bytes` that each connection may pass in this direction, counted across changes of the limit."""

    bytes: int = 0

    async def pipe(self, stage: Stage) -> None:
        while (chunk := await stage.head()).data:
            left = self.bytes - stage.passed
            if left > 0:
                stage.forward(min(left, len(chunk.data)))
            if left <= len(chunk.data):
                return
