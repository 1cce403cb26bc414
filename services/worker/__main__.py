"""The worker: `python -m worker`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from shared import app, environment, redis_client
from shared.background import running
from shared.bank import BankClient
from shared.client import HttpClient
from shared.db import Database
from worker import config
from worker.backlog import Backlog
from worker.consumer import Consumer
from worker.fulfilment import Fulfilment
from worker.inbox import Inbox
from worker.leftovers import Leftovers
from worker.settlement import Settlement


def create() -> Starlette:
    database = Database(
        pool_max=config.DB_POOL_MAX,
        pool_timeout_s=config.DB_POOL_TIMEOUT_S,
        statement_timeout_s=config.DB_STATEMENT_TIMEOUT_S,
    )
    redis = redis_client.connect(
        "QUEUE_ADDR",
        timeout_s=environment.seconds("QUEUE_TIMEOUT", config.QUEUE_TIMEOUT_S),
        connections=environment.whole("QUEUE_POOL_MAX", config.QUEUE_POOL_MAX),
    )
    client = HttpClient()
    consumer = Consumer(Inbox(redis, claim_after_s=config.CLAIM_AFTER_S), Fulfilment(database))
    settlement = Settlement(database, BankClient(client))
    backlog, leftovers = Backlog(redis, database), Leftovers(database, redis)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        client.open()
        await database.open()
        async with running(consumer.run(), settlement.run(), leftovers.run(), backlog.watch()):
            yield
        await client.close()
        await redis.aclose()
        await database.close()

    return app.create([], lifespan=lifespan, ready=lambda: database.ready)


if __name__ == "__main__":
    app.run(create())
