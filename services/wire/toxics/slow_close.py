"""The end of a stream arrives late; its bytes don't."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class SlowClose(Toxic):
    """`delay` in milliseconds."""

    delay: int = 0

    async def pipe(self, stage: Stage) -> None:
        while (await stage.head()).data:
            stage.forward()
        await asyncio.sleep(self.delay / 1000)
