"""Buying: cart, checkout, order status, account history; all from checkout."""

from __future__ import annotations

import json
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.browse import passed_on
from edge.dependency import Call, Dependency
from edge.front import journey
from shared.errors import NotFound
from shared.flags import flags


class Orders:
    def __init__(self, checkout: Dependency) -> None:
        self._checkout = checkout

    def routes(self) -> list[Route]:
        return [
            journey("cart", "/api/cart/{customer}", "GET", self.cart),
            journey("cart", "/api/cart/{customer}", "PUT", self.put_in_cart),
            journey("checkout", "/api/checkout", "POST", self.checkout),
            journey("order-status", "/api/orders/{order}", "GET", self.order_status),
            journey("account-history", "/api/customers/{customer}/history", "GET", self.history),
        ]

    async def cart(self, request: Request) -> Response:
        return await self._ask("GET", f"/carts/{_id(request, 'customer')}")

    async def put_in_cart(self, request: Request) -> Response:
        return await self._ask("PUT", f"/carts/{_id(request, 'customer')}", await request.body())

    async def order_status(self, request: Request) -> Response:
        return await self._ask("GET", f"/orders/{_id(request, 'order')}")

    async def history(self, request: Request) -> Response:
        return await self._ask("GET", f"/customers/{_id(request, 'customer')}/history")

    async def checkout(self, request: Request) -> Response:
        """Never repeated once it was received, except when the connection broke: the key makes that safe."""
        body = await request.body()
        if flags.on("edge-clock-from-form"):
            request.state.experience.begin()  # a slow phone is not a slow shop
        call = Call(
            "POST",
            "/orders",
            flags.seconds("edge-checkout-timeout"),
            body=body,
            headers={"idempotency-key": _own_key(request, body)},
            idempotent=False,
            keyed=True,
        )
        return passed_on(await self._checkout.call(call))

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Response:
        call = Call(method, path, flags.seconds("edge-checkout-timeout"), body=body)
        return passed_on(await self._checkout.call(call))


def _own_key(request: Request, body: bytes) -> str:
    """The idempotency key as this customer's alone: whoever else sends the same one places another order."""
    given = request.headers.get("idempotency-key") or uuid4().hex
    try:
        customer = json.loads(body)["customer"]
    except (ValueError, KeyError, TypeError):
        return given  # checkout says what is wrong with the form
    return f"{customer}:{given}"


def _id(request: Request, name: str) -> str:
    value: str = request.path_params[name]
    if not value.isdigit():
        raise NotFound(f"there is no {name} {value!r}")
    return value
