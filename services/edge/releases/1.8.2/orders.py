"""Buying: cart, checkout, order status, account history; all from checkout."""

from __future__ import annotations

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
        """Repeated like everything else: its key makes that safe, whatever became of it before."""
        key = request.headers.get("idempotency-key") or uuid4().hex
        call = Call(
            "POST",
            "/orders",
            flags.seconds("edge-checkout-timeout"),
            body=await request.body(),
            headers={"idempotency-key": key},
            idempotent=True,
            keyed=True,
        )
        return passed_on(await self._checkout.call(call))

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Response:
        call = Call(method, path, flags.seconds("edge-checkout-timeout"), body=body)
        return passed_on(await self._checkout.call(call))


def _id(request: Request, name: str) -> str:
    value: str = request.path_params[name]
    if not value.isdigit():
        raise NotFound(f"there is no {name} {value!r}")
    return value
