"""Views: what people look at, so that the home page can show what is popular now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from zlib import crc32

from psycopg import AsyncConnection

from shared.db import Database, execute
from shared.errors import Unavailable
from shared.flags import flags
from shared.logs import Log

_LOG = Log("views")
_COUNT = "update products set popularity = popularity + %s where id = %s"
_PARTS = 10_000
Read = Callable[[AsyncConnection, int], Awaitable[str]]


class Views:
    """A page is read and its view counted over one connection, so that counting never waits for one.

    Views of a product within a few seconds are written as one: the rows of popular ones would be
    locked all the time.
    """

    def __init__(self, database: Database, *, gather_s: float) -> None:
        self._database = database
        self._gather_s = gather_s
        self._gathered: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def counts(self, product: int) -> bool:
        """Whether views of this product are counted: always the same ones, as many as the flag says."""
        return crc32(b"views-%d" % product) % _PARTS < _PARTS * flags.share("catalog-views")

    async def page(self, product: int, read: Read) -> str:
        """The page as `read` makes it; its view is counted after that, and nobody waits for it."""
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._database.connection())
            page = await read(connection, product)
            task = asyncio.create_task(self._count(product, connection, stack.pop_all()))
            self._tasks.add(task)  # a task that nobody refers to may be collected
            task.add_done_callback(self._tasks.discard)
        return page

    async def _count(self, product: int, connection: AsyncConnection, stack: AsyncExitStack) -> None:
        self._gathered[product] += 1
        try:
            async with stack:  # gives the connection back
                if self._gathered[product] > 1:
                    return  # it is written with the first
                await asyncio.sleep(self._gather_s)
                await execute(connection, "views-count", _COUNT, (self._gathered.pop(product), product))
        except Unavailable as error:
            _LOG.warning("views were not counted", product=product, error=error.message)
