"""Bytes pass at a limited rate."""

from __future__ import annotations

from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic

SLICE_S = 0.1


@dataclass(frozen=True)
class Bandwidth(Toxic):
    """`rate` in KB/s; 0 is a link that lets nothing through."""

    rate: int = 0

    async def pipe(self, stage: Stage) -> None:
        free_at = stage.now()
        while (chunk := await stage.head()).data:
            if not self.rate:
                await stage.forever()
            size = min(len(chunk.data), max(1, int(self.rate * 1000 * SLICE_S)))
            free_at = max(free_at, chunk.at) + size / (self.rate * 1000)
            await stage.sleep_until(free_at)
            stage.forward(size, at=free_at)
