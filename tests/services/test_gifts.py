"""The gift that comes with an order."""

from __future__ import annotations

import pytest

from checkout import gifts
from shared import catalogue
from tests.services.parts import Shop

GIFT = 4711


def test_stock_is_taken_in_the_order_of_ids() -> None:
    """Two orders never wait for each other's stock, wherever the gift stands among their products."""
    bought = ((3, 2), (9, 1))
    assert gifts.added(bought, 5) == ((3, 2), (5, 1), (9, 1))
    assert gifts.added(bought, None) == bought


def left(shop: Shop, product: int = GIFT) -> int:
    found: int = shop.postgres.one("select available from stock where product = %s", product)
    return found


def items(shop: Shop, key: str) -> list[tuple[int, int, int]]:
    sql = """
        select product, i.quantity, price_cents from order_items i join orders o on o.id = i.order_id
        where idempotency_key = %s order by product
    """
    with shop.postgres.connect() as connection:
        return connection.execute(sql, (key,)).fetchall()


@pytest.mark.integration
@pytest.mark.parametrize(
    "way", [{}, {"checkout_reserve_stock": "off"}, {"checkout_pending_fallback": "on"}], ids=str
)
def test_it_comes_with_every_order_and_costs_nothing(shop: Shop, way: dict[str, str]) -> None:
    """One more item and one less in stock, the same total, on every way of taking stock."""
    before = left(shop)
    shop.flags(checkout_gift=str(GIFT), **way)
    key = f"gift-{'-'.join(way) or 'usual'}"
    answer = shop.buy(key, product=41)
    assert answer.status_code == 201
    assert answer.json()["total_cents"] == 2 * catalogue.price_cents(41)
    assert items(shop, key) == [(41, 2, catalogue.price_cents(41)), (GIFT, 1, 0)]
    assert left(shop) == before - 1


@pytest.mark.integration
def test_a_declined_order_gives_it_back(shop: Shop) -> None:
    """With the rest of the stock."""
    before = left(shop)
    shop.flags(checkout_gift=str(GIFT))
    assert shop.buy("gift-declined", card="card-declined-8").status_code == 402
    assert left(shop) == before


@pytest.mark.integration
def test_there_is_none_for_who_buys_it_or_comes_too_late(shop: Shop) -> None:
    """What is bought is not given on top; and an order without a gift is an order."""
    shop.flags(checkout_gift=str(GIFT))
    assert shop.buy("gift-bought", product=GIFT).status_code == 201
    assert items(shop, "gift-bought") == [(GIFT, 2, catalogue.price_cents(GIFT))]
    shop.flags(checkout_gift="4712")
    with shop.postgres.connect() as connection:
        connection.execute("update stock set available = 0 where product = 4712")
    assert shop.buy("gift-gone", product=42).status_code == 201
    assert [product for product, _, _ in items(shop, "gift-gone")] == [42]
