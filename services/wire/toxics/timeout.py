"""Nothing passes any more, and perhaps the connection is closed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from wire.stage import Stage
from wire.toxics.base import Toxic


@dataclass(frozen=True)
class Timeout(Toxic):
    """`timeout` in milliseconds until the connection is closed; 0 leaves it open for ever.

    What arrives is lost on purpose, so taking the toxic away closes the connection: a stream with
    a hole in it must not go on.
    """

    timeout: int = 0

    async def pipe(self, stage: Stage) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout / 1000 or None):
                while (await stage.head()).data:
                    stage.drop()

    def removed(self, stage: Stage) -> None:
        stage.close()
