"""The checkout form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checkout import form
from shared.errors import Refusal


def body(**changes: Any) -> bytes:
    whole = {"customer": 5, "card": "card-ok-1", "items": [{"product": 3, "quantity": 1}], **changes}
    return json.dumps(whole).encode()


def test_lines_of_one_product_are_added_up_and_sorted() -> None:
    """Two orders never take the same products in different orders."""
    items = [{"product": 9, "quantity": 1}, {"product": 3, "quantity": 2}, {"product": 9, "quantity": 4}]
    parsed = form.parse(body(items=items), "key")
    assert parsed.lines == ((3, 2), (9, 5))
    assert parsed.columns() == ([3, 9], [2, 5])


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"", "not JSON"),
        (b"[]", "JSON object"),
        (body(customer="5"), "customer"),
        (body(card=None), "card"),
        (body(items=[]), "1 to 100"),
        (body(items=[{"product": 1, "quantity": 1}] * 101), "1 to 100"),
        (body(items=[7]), "whole numbers"),
        (body(items=[{"product": 1, "quantity": 0}]), "quantity is 1"),
        (body(items=[{"product": 1, "quantity": 1.5}]), "whole numbers"),
    ],
)
def test_a_wrong_form_is_refused_with_its_reason(sent: bytes, complaint: str) -> None:
    """Each mistake is a 400 that says what is wrong, never a crash."""
    with pytest.raises(Refusal, match=complaint) as refused:
        form.parse(sent, "key")
    assert refused.value.status == 400


def test_an_order_needs_a_key() -> None:
    """Without an idempotency key a repeated order could not be told from a new one."""
    with pytest.raises(Refusal, match="Idempotency-Key"):
        form.parse(body(), None)


def test_a_cart_line_may_be_zero() -> None:
    """In a cart, 0 takes the product out."""
    assert form.cart_line(b'{"product": 3, "quantity": 0}') == (3, 0)
    with pytest.raises(Refusal):
        form.cart_line(b'{"product": 3, "quantity": -1}')
