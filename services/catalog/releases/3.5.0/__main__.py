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
from catalog.prices import Prices
from catalog.products import Products
from catalog.reviews import Reviews
from catalog.search import Search
from shared import app, environment, redis_client
from shared.background import running
from shared.db import Database


class Catalog:
    def __init__(
        self, prices: Prices, listing: Listing, products: Products, reviews: Reviews, search: Search
    ) -> None:
        self._prices = prices
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
        self._prices.require()
        return _json(await self._listing.current())

    async def product(self, request: Request) -> Response:
        self._prices.require()
        return _json(await self._products.product(request.path_params["product"]))

    async def reviews(self, request: Request) -> Response:
        return _json(await self._reviews.reviews(request.path_params["product"]))

    async def search(self, request: Request) -> Response:
        self._prices.require()
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
    cache.declare("home", "product", "reviews")
    search = Search(database)
    prices = Prices(redis)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await database.open()
        async with running(search.remember(), prices.follow()):
            yield
        await redis.aclose()
        await database.close()

    listing, products = Listing(database, entries), Products(database, entries)
    catalog = Catalog(prices, listing, products, Reviews(database, entries), search)
    return app.create(catalog.routes(), lifespan=lifespan, ready=lambda: database.ready and prices.began)


if __name__ == "__main__":
    app.run(create())
