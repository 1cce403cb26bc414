"""The checkout form: what a customer sends, checked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from shared.errors import Refusal

_MOST_LINES = 100
_MOST_OF_ONE = 1000


@dataclass(frozen=True)
class Form:
    """`lines` are (product, quantity), one per product and in the order of their ids."""

    key: str
    customer: int
    card: str
    lines: tuple[tuple[int, int], ...]

    def columns(self) -> tuple[list[int], list[int]]:
        """The lines as a list of products and one of quantities."""
        return [product for product, _ in self.lines], [quantity for _, quantity in self.lines]


def parse(body: bytes, key: str | None) -> Form:
    """The form; Refusal says what is wrong with it."""
    if not key or len(key) > 200:
        raise Refusal("a checkout needs an Idempotency-Key")
    plain = _object(body)
    customer, card, items = plain.get("customer"), plain.get("card"), plain.get("items")
    if not isinstance(customer, int) or not isinstance(card, str):
        raise Refusal("customer must be a number and card a text")
    if not isinstance(items, list) or not 1 <= len(items) <= _MOST_LINES:
        raise Refusal(f"items must be 1 to {_MOST_LINES} lines")
    wanted: Counter[int] = Counter()
    for number, item in enumerate(items, start=1):
        try:
            product, quantity = line(item)
        except Refusal as error:
            raise Refusal(f"line {number}: {error.message}") from error
        wanted[product] += quantity
    # In one order everywhere, so that two orders never wait for each other's stock.
    return Form(key, customer, card, tuple(sorted(wanted.items())))


def line(item: object, *, least: int = 1) -> tuple[int, int]:
    """One `{"product", "quantity"}`; Refusal says what is wrong with it."""
    product = item.get("product") if isinstance(item, dict) else None
    quantity = item.get("quantity") if isinstance(item, dict) else None
    if not isinstance(product, int) or not isinstance(quantity, int):
        raise Refusal("an item needs a product and a quantity, both whole numbers")
    if not least <= quantity <= _MOST_OF_ONE:
        raise Refusal(f"a quantity is {least} to {_MOST_OF_ONE}")
    return product, quantity


def cart_line(body: bytes) -> tuple[int, int]:
    """One line of a cart; a quantity of 0 takes the product out."""
    return line(_object(body), least=0)


def _object(body: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(body)
    except ValueError:
        raise Refusal("the body is not JSON") from None
    if not isinstance(plain, dict):
        raise Refusal("the body is not a JSON object")
    return plain
