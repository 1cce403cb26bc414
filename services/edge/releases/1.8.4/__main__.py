"""The edge: `python -m edge`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from edge import health
from edge.browse import Browse
from edge.dependency import Dependency
from edge.doorman import Doorman
from edge.orders import Orders
from shared import app, environment
from shared.background import running
from shared.client import HttpClient


def create() -> Starlette:
    client = HttpClient()
    catalog = Dependency("catalog", environment.text("CATALOG_ADDR"), client)
    checkout = Dependency("checkout", environment.text("CHECKOUT_ADDR"), client)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        client.open()
        watches = [health.watch(each.name, each.replicas, client) for each in (catalog, checkout)]
        async with running(*watches):
            yield
        await client.close()

    # Always ready: an edge with a sick dependency still serves the rest of the shop.
    edge = app.create([*Browse(catalog).routes(), *Orders(checkout).routes()], lifespan=lifespan)
    edge.add_middleware(Doorman)
    return edge


if __name__ == "__main__":
    app.run(create())
