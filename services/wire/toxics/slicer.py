"""Chunks are cut into small ones, with a pause between them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class Slicer(Toxic):
    """Pieces of `average_size` ± `size_variation` bytes, `delay` microseconds apart."""

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    async def pipe(self, stage: Stage) -> None:
        while (chunk := await stage.head()).data:
            size = self._size()
            last = size >= len(chunk.data)
            stage.forward(min(size, len(chunk.data)))
            if not last:
                await asyncio.sleep(self.delay / 1_000_000)

    def _size(self) -> int:
        variation = random.randint(-self.size_variation, self.size_variation)  # noqa: S311
        return max(1, self.average_size + variation)
