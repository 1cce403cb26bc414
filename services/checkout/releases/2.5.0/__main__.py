"""The checkout: `python -m checkout`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from checkout import config, form
from checkout.carts import Carts
from checkout.history import History
from checkout.ordering import Orders
from checkout.payments import Payments
from checkout.publisher import Publisher
from shared import app, environment, redis_client
from shared.background import running
from shared.bank import BankClient
from shared.client import HttpClient
from shared.db import Database


class Checkout:
    def __init__(self, carts: Carts, orders: Orders, history: History) -> None:
        self._carts = carts
        self._orders = orders
        self._history = history

    def routes(self) -> list[Route]:
        return [
            Route("/carts/{customer:int}", self.cart, methods=["GET"], name="cart"),
            Route("/carts/{customer:int}", self.put_in_cart, methods=["PUT"], name="put-in-cart"),
            Route("/orders", self.place, methods=["POST"], name="checkout"),
            Route("/orders/{order:int}", self.status, methods=["GET"], name="order-status"),
            Route("/customers/{customer:int}/history", self.history, methods=["GET"], name="account-history"),
        ]

    async def cart(self, request: Request) -> Response:
        return JSONResponse(await self._carts.read(request.path_params["customer"]))

    async def put_in_cart(self, request: Request) -> Response:
        product, quantity = form.cart_line(await request.body())
        return JSONResponse(await self._carts.put(request.path_params["customer"], product, quantity))

    async def place(self, request: Request) -> Response:
        asked = form.parse(await request.body(), request.headers.get("idempotency-key"))
        placed = await self._orders.place(asked)
        return JSONResponse(placed.body(), status_code=placed.status)

    async def status(self, request: Request) -> Response:
        return JSONResponse(await self._history.status(request.path_params["order"]))

    async def history(self, request: Request) -> Response:
        return JSONResponse(await self._history.of(request.path_params["customer"]))


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
    payments = Payments(BankClient(client))
    publisher = Publisher(database, redis)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        client.open()
        await database.open()
        async with running(payments.probe(), publisher.tidy()):
            yield
        await publisher.remove_published()
        await client.close()
        await redis.aclose()
        await database.close()

    checkout = Checkout(Carts(database), Orders(database, payments, publisher), History(database))
    return app.create(checkout.routes(), lifespan=lifespan, ready=lambda: database.ready)


if __name__ == "__main__":
    app.run(create())
