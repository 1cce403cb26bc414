"""Both ends see a connection reset."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class ResetPeer(Toxic):
    """`timeout` in milliseconds from the first bytes to the reset."""

    timeout: int = 0

    async def pipe(self, stage: Stage) -> None:
        await stage.head()
        await asyncio.sleep(self.timeout / 1000)
        stage.reset()
