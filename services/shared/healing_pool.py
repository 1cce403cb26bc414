"""A connection pool that never hands out a connection whose server has gone."""

from __future__ import annotations

import select
from time import monotonic

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool


class HealingPool(AsyncConnectionPool[AsyncConnection]):
    """Replaces connections that ended while they were idle, at once and without a round trip.

    The library's own `check` asks the server each time, and after a restart of the server waits
    longer before each further dead connection: with a full pool of them the first caller times out.
    """

    async def getconn(self, timeout: float | None = None) -> AsyncConnection:
        deadline = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            connection = await super().getconn(max(0.001, deadline - monotonic()))
            if not _spoken_to(connection):
                return connection
            await connection.close()
            await self.putconn(connection)


def _spoken_to(connection: AsyncConnection) -> bool:
    """Whether there is something to read: a server says nothing to an idle session, except its end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
