"""Browsing: home listing, product page, search; all from catalog."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.dependency import Call, Dependency
from edge.front import journey
from shared.client import Answer
from shared.errors import NotFound, Refusal
from shared.flags import flags
from shared.logs import Log

_LOG = Log("browse")


class Browse:
    def __init__(self, catalog: Dependency) -> None:
        self._catalog = catalog

    def routes(self) -> list[Route]:
        return [
            journey("home", "/api/home", "GET", self.home),
            journey("product", "/api/products/{product}", "GET", self.product),
            journey("search", "/api/search", "GET", self.search),
        ]

    async def home(self, _: Request) -> Response:
        response = passed_on(await self._get("/home"))
        response.headers["cache-control"] = "max-age=5"
        if flags.on("new-banner"):
            response.headers["x-shop-banner"] = "season"
        return response

    async def product(self, request: Request) -> Response:
        """The page as a whole; reviews are left out when they fail, the product is not."""
        product = request.path_params["product"]
        if not product.isdigit():
            raise NotFound(f"there is no product {product!r}")
        details, reviews = await asyncio.gather(
            self._get(f"/products/{product}"), self._reviews_or_none(f"/products/{product}/reviews")
        )
        if details.status != 200:
            return passed_on(details)
        return JSONResponse({**json.loads(details.body), "reviews": reviews})

    async def search(self, request: Request) -> Response:
        query = quote(request.query_params.get("q", ""))
        return passed_on(await self._get(f"/search?q={query}"))

    async def _get(self, path: str) -> Answer:
        return await self._catalog.call(Call("GET", path, flags.seconds("edge-catalog-timeout")))

    async def _reviews_or_none(self, path: str) -> list[Any] | None:
        try:
            answer = await self._catalog.call(Call("GET", path, flags.seconds("edge-reviews-timeout")))
        except Refusal as error:
            _LOG.warning("product without its reviews", error=error.message)
            return None
        if answer.status != 200:
            return None
        reviews: list[Any] = json.loads(answer.body)["reviews"]
        return reviews


def passed_on(answer: Answer) -> Response:
    """A dependency's answer as ours."""
    return Response(answer.body, answer.status, media_type="application/json")
