"""migration-breaks: a column has another name, and whoever was not asked fails; half a way back is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from tests.scenario.samples import library, parameters, steps_of, texts
from tests.services.parts import Shop, eventually

from labctl.scenario import catalog

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

CHECKOUT, CATALOG = "2.7.0", "3.8.0"
BROWSING = ("/api/products/{}", "/api/search?q=oak", "/api/home")
_numbers = count(1)
Well = tuple[int, int]
"""The status of a product page, and that of a checkout."""


def statements(name: str | None = None) -> list[str]:
    """The SQL of the fault, or of the fix or decoy of this name."""
    scenario = library("migration-breaks")
    return texts(parameters(steps_of(scenario, name) if name else scenario.faults, "sql"))


def run(shop: Shop, name: str | None = None) -> None:
    with shop.postgres.connect() as connection:
        for statement in statements(name):
            connection.execute(statement.encode())


@contextmanager
def migrated(shop: Shop) -> Iterator[None]:
    """For the block, the migration has run and checkout is the release of it; nothing is cached."""
    shop.flags(catalog_cache="off")
    try:
        run(shop)
        shop.restart("checkout", RELEASE=CHECKOUT)
        yield
    finally:
        shop.forget()
        shop.restart("checkout")
        shop.restart("catalog")


def well(shop: Shop) -> Well:
    bought = shop.buy(f"migration-{next(_numbers)}", product=7)
    return shop.get("edge", "/api/products/7").status_code, bought.status_code


@pytest.mark.integration
def test_who_looks_around_fails_and_who_pays_does_not(shop: Shop) -> None:
    """Catalog asks for a column that is gone, by its name; the order's line has the title."""
    with migrated(shop):
        assert well(shop) == (500, 201)
        failing = [shop.get("edge", path.format(8)).status_code for path in BROWSING]
        assert failing == [500] * 3
        assert shop.metric("catalog", 'db_query_duration_seconds_count{outcome="error"') >= 3
        title = "select title from order_items where product = 7 order by order_id desc limit 1"
        assert shop.postgres.one(title) == shop.postgres.one("select title from products where id = 7")


@pytest.mark.integration
def test_a_page_in_the_cache_is_shown_for_a_while(shop: Shop) -> None:
    """Who tries it out on a popular product sees nothing at first."""
    with migrated(shop):
        run(shop, "give the column its old name")
        shop.flags()
        assert shop.get("edge", "/api/products/9").status_code == 200
        with shop.postgres.connect() as connection:
            connection.execute("alter table products rename column name to title")
        pages = [shop.get("edge", f"/api/products/{product}").status_code for product in (9, 10)]
        assert pages == [200, 500]


@pytest.mark.integration
def test_a_restart_asks_for_the_same_column(shop: Shop) -> None:
    """It is in the code and in the schema, and in nobody's memory."""
    with migrated(shop):
        shop.restart("catalog")
        assert well(shop) == (500, 201)


@pytest.mark.integration
def test_half_a_way_back_is_none(shop: Shop) -> None:
    """Without the release looking around fails, with the old name paying does; both halves are well."""
    with migrated(shop):
        shop.restart("checkout")
        assert well(shop) == (500, 201)
        shop.restart("checkout", RELEASE=CHECKOUT)
        run(shop, "give the column its old name")
        assert well(shop) == (200, 500)
        shop.restart("checkout")
        assert well(shop) == (200, 201)


@pytest.mark.integration
def test_a_checkout_that_fails_leaves_nothing_behind(shop: Shop) -> None:
    """The other half hurts, and loses nothing: no order, no charge, the stock as it was."""
    with migrated(shop):
        run(shop, "give the column its old name")
        orders, stock = "select count(*) from orders", "select available from stock where product = 7"
        before = shop.postgres.one(orders), shop.postgres.one(stock)
        assert well(shop)[1] == 500
        assert (shop.postgres.one(orders), shop.postgres.one(stock)) == before
        assert shop.get("bank", "/charges").json()["charged"] == 0
        assert shop.postgres.one("select count(*) from reservations") == 0


@pytest.mark.integration
def test_a_view_with_both_names_serves_both(shop: Shop) -> None:
    """At once, without a restart, and one can write to it; who goes the rest of the way is well too."""
    with migrated(shop):
        assert well(shop) == (500, 201)
        run(shop, "let both names be there")
        assert well(shop) == (200, 201)
        assert [shop.get("edge", path.format(8)).status_code for path in BROWSING] == [200] * 3
        changed = "update products set name = 'Old Oak Jug' where id = 11 returning title"
        assert shop.postgres.one(changed) == "Old Oak Jug"
        for each in library("migration-breaks").invariants:
            assert shop.postgres.one(each.sql) == each.equals
        shop.restart("catalog", RELEASE=CATALOG)
        assert well(shop) == (200, 201)


@pytest.mark.integration
def test_rolled_forward_it_is_well(shop: Shop) -> None:
    """The release that reads the new name shows the same pages."""
    before = shop.get("edge", "/api/products/8").json()
    with migrated(shop):
        shop.restart("catalog", RELEASE=CATALOG)
        assert well(shop) == (200, 201)
        assert [shop.get("edge", path.format(8)).status_code for path in BROWSING] == [200] * 3
        assert shop.get("edge", "/api/products/8").json() == before
        shop.flags(catalog_related_batch="off", catalog_cache="off")
        assert shop.get("edge", "/api/products/8").json() == before


@pytest.mark.integration
def test_the_release_before_places_orders_in_the_new_schema(shop: Shop) -> None:
    """A line without a title is fine: it is how old ones are."""
    with migrated(shop):
        shop.restart("checkout")
        eventually(lambda: shop.buy(f"migration-{next(_numbers)}").status_code == 201, what="orders")


def test_the_column_is_gone_here_and_nowhere_else_in_the_family() -> None:
    """The evidence that tells it apart asks for what the fault takes away."""
    (asked,) = (each for each in library("migration-breaks").evidence if each.sql)
    assert asked.accepts(0)
    assert not asked.accepts(1)
    assert asked.shared is None


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("migration-breaks"), catalog.find("bad-config")
    for shown in ("title", "family", "briefing", "page", "skills", "load", "expect", "voices"):
        assert getattr(here, shown) == getattr(there, shown), shown
