"""A shop in one small process, for load to visit: right answers, and one stall when asked for.

`python -m tests.services.stub_shop PORT [STALL_AT STALL_S]`: from STALL_AT seconds after the first
request on, nothing is answered for STALL_S seconds; what came meanwhile is answered at its end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from shared import catalogue

Json = dict[str, Any]


class StubShop:
    """Carts, orders and listings in memory."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.orders: dict[int, Json] = {}
        self.carts: dict[str, dict[int, int]] = {}

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        first, *rest = path.removeprefix("/api").lstrip("/").split("/")  # without: as the edge's catalog
        first, _, query = first.partition("?q=")
        handlers: dict[str, Callable[[], tuple[int, Json]]] = {
            "home": self._home,
            "products": lambda: (200, {**product(int(rest[0])), "reviews": None, "recommendations": []}),
            "search": lambda: (200, _search(query)),
            "cart": lambda: self._cart(method, rest[0], body),
            "checkout": lambda: self._checkout(body),
            "orders": lambda: (200, self.orders[int(rest[0])]),
            "customers": lambda: (200, self._history(int(rest[0]))),
        }
        return handlers[first]()

    def _home(self) -> tuple[int, Json]:
        return 200, {"products": [product(1), product(2)], "generated_at": time.time()}

    def _cart(self, method: str, customer: str, body: Json) -> tuple[int, Json]:
        cart = self.carts.setdefault(customer, {})
        if method == "PUT":
            cart[body["product"]] = body["quantity"]
        return 200, {"items": [{"product": key, "quantity": number} for key, number in cart.items()]}

    def _checkout(self, body: Json) -> tuple[int, Json]:
        if body["card"].startswith("card-declined"):
            return 402, {"state": "declined"}
        total = sum(catalogue.price_cents(item["product"]) * item["quantity"] for item in body["items"])
        order = {"order": next(self._numbers), "state": "paid", "total_cents": total}
        self.orders[order["order"]] = {**order, "customer": body["customer"]}
        return 201, order

    def _history(self, customer: int) -> Json:
        mine = [order for order in self.orders.values() if order["customer"] == customer]
        return {"orders": mine[::-1]}


def product(number: int) -> Json:
    name, price = catalogue.product_name(number), catalogue.price_cents(number)
    return {"id": number, "name": name, "price_cents": price}


def _search(query: str) -> Json:
    words = query.replace("%20", " ")
    return {"results": [product(number) for number in catalogue.search(words)], "fallback": False}


class Stall:
    """Lets requests pass, but for one stretch of time after the first."""

    def __init__(self, at_s: float, for_s: float) -> None:
        self._at_s, self._for_s = at_s, for_s
        self._first_s: float | None = None

    async def wait(self) -> None:
        now_s = time.monotonic()
        self._first_s = self._first_s or now_s
        begins_s = self._first_s + self._at_s
        if begins_s <= now_s < begins_s + self._for_s:
            await asyncio.sleep(begins_s + self._for_s - now_s)


async def serve(port: int, stall: Stall) -> None:
    shop = StubShop()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        body = json.loads(await reader.readexactly(int(length))) if length and length != "0" else {}
        method, path, _ = head.split(" ", 2)
        await stall.wait()
        status, answer = shop.answer(method.upper(), path, body)
        encoded = json.dumps(answer).encode()
        fields = f"content-type: application/json\r\ncontent-length: {len(encoded)}\r\nconnection: close"
        writer.write(f"HTTP/1.1 {status} x\r\n{fields}\r\n\r\n".encode() + encoded)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    port, *stall = sys.argv[1:]
    at_s, for_s = (float(text) for text in stall or ["0", "0"])
    asyncio.run(serve(int(port), Stall(at_s, for_s)))


if __name__ == "__main__":
    main()
