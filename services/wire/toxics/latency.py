"""Every chunk arrives later, and in order."""

from __future__ import annotations

import random
from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class Latency(Toxic):
    """`latency` ± `jitter`, in milliseconds, from the moment a chunk came in: chunks don't add up."""

    latency: int = 0
    jitter: int = 0

    async def pipe(self, stage: Stage) -> None:
        while (chunk := await stage.head()).data:
            due = chunk.at + self._delay_s()
            await stage.sleep_until(due)
            stage.forward(at=due)

    def _delay_s(self) -> float:
        jitter = random.uniform(-self.jitter, self.jitter) if self.jitter else 0.0  # noqa: S311
        return max(0.0, self.latency + jitter) / 1000
