"""The catalog: `python -m catalog`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from catalog import cache, config
from catalog.listing import Listing
from catalog.products import Products
from catalog.reviews import Reviews
from catalog.search import Search
from catalog.sets import Sets
from shared import app, environment, redis_client
from shared.background import running
from shared.db import Database


class Catalog:
    def __init__(self, listing: Listing, products: Products, reviews: Reviews, search: Search) -> None:
        self._listing = listing
        self._products = products
        self._reviews = reviews
        self._search = search

    def routes(self) -> list[Route]:
        return [
            Route("/home", self.home, name="home"),
            Route("/products/{product:int}", self.product, name="product"),
            Route("/products/{product:int}/reviews", self.reviews, name="reviews"),
            Route("/search", self.search, name="search"),
        ]

    async def home(self, _: Request) -> Response:
        return _json(await self._listing.current())

    async def product(self, request: Request) -> Response:
        return _json(await self._products.product(request.path_params["product"]))

    async def reviews(self, request: Request) -> Response:
        return _json(await self._reviews.reviews(request.path_params["product"]))

    async def search(self, request: Request) -> Response:
        return JSONResponse(await self._search.results(request.query_params.get("q", "")))


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def create() -> Starlette:
    database = Database(
        pool_max=config.DB_POOL_MAX,
        pool_timeout_s=config.DB_POOL_TIMEOUT_S,
        statement_timeout_s=config.DB_STATEMENT_TIMEOUT_S,
    )
    redis = redis_client.connect(
        "CACHE_ADDR",
        timeout_s=environment.seconds("CACHE_TIMEOUT", config.CACHE_TIMEOUT_S),
        connections=environment.whole("CACHE_POOL_MAX", config.CACHE_POOL_MAX),
    )
    entries = cache.Cache(redis)
    cache.declare("home", "product", "reviews", "set")
    search = Search(database)
    limit_s = environment.seconds("SETS_LIMIT", config.SETS_LIMIT_S)
    # A pool of its own, so that what is tried out takes no connection from anybody else.
    making = Database(
        pool_max=environment.whole("SETS_POOL_MAX", config.SETS_POOL_MAX), pool_timeout_s=limit_s, name="sets"
    )
    every_s = environment.seconds("SETS_EVERY", config.SETS_EVERY_S)
    sets = Sets(making, entries, limit_s=limit_s, every_s=every_s)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await database.open()
        await making.open()
        async with running(search.remember(), sets.keep()):
            yield
        await redis.aclose()
        await making.close()
        await database.close()

    catalog = Catalog(
        Listing(database, entries), Products(database, entries, sets), Reviews(database, entries), search
    )
    return app.create(catalog.routes(), lifespan=lifespan, ready=lambda: database.ready)


if __name__ == "__main__":
    app.run(create())
