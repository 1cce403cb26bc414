"""pool-leak: each declined card keeps a connection, and neither the flag nor a restart alone helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from tests.scenario.samples import library
from tests.services.parts import Shop, eventually

from checkout import config
from labctl.scenario import catalog
from labctl.scenario.steps import Act
from load.journeys.checkout import DECLINED_SHARE
from load.profiles import WEEKDAY

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "2.3.3"
LEAKED_PER_S = WEEKDAY["checkout"] * DECLINED_SHARE
CALLS = 'bank_request_duration_seconds_count{call="charge"'
LOCKS = """
    select count(*) from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and a.application_name = 'checkout-1' and a.state = 'idle'
"""
SESSIONS = "select count(*) from pg_stat_activity where application_name = 'checkout-1'"
_numbers = count(1)


def settings(connections: int) -> dict[str, str]:
    return {"RELEASE": RELEASE, "DB_POOL_MAX": str(connections), "DB_POOL_TIMEOUT": "300ms"}


def buy(shop: Shop, card: str = "card-ok-1") -> int:
    return shop.buy(f"pool-leak-{next(_numbers)}", card=card).status_code


def decline(shop: Shop, cards: int) -> list[int]:
    """So many cards are declined, each for the first time."""
    answers = []
    for _ in range(cards):
        answers.append(buy(shop, card=f"card-declined-{next(_numbers)}"))
        at_rest(shop, len(answers))
    return answers


def at_rest(shop: Shop, cards: int) -> None:
    """Wait until so many cards are at rest."""
    eventually(lambda: shop.postgres.one(LOCKS) == cards, what=f"{cards} cards at rest")


@contextmanager
def drained(shop: Shop, connections: int = 3) -> Iterator[None]:
    """For the block, checkout runs the release and has no connection left."""
    with shop.changed("checkout", **settings(connections)):
        assert decline(shop, connections) == [402] * connections
        yield


@pytest.mark.integration
def test_each_declined_card_keeps_a_connection(shop: Shop) -> None:
    """When all are kept everybody fails who needs one; in Postgres their sessions stand idle."""
    (idle,) = (each for each in library("pool-leak").evidence if each.sql)
    with drained(shop, connections=config.DB_POOL_MAX):
        assert shop.metric("checkout", "db_pool_available") == 0
        assert (buy(shop), shop.get("edge", "/api/orders/1").status_code) == (503, 503)
        assert shop.get("edge", "/api/products/1").status_code == 200
        with shop.postgres.connect() as connection:
            asked = str(idle.sql).replace("5 seconds", "0 seconds")
            assert idle.accepts((connection.execute(asked.encode()).fetchone() or (0,))[0])
        assert shop.metric("checkout", 'db_query_duration_seconds_count{outcome="error"') == 0


@pytest.mark.integration
def test_a_card_at_rest_is_declined_without_asking_the_bank(shop: Shop) -> None:
    """That is what the release is for; it keeps one connection per card, and good cards are as ever."""
    with shop.changed("checkout", **settings(4)):
        assert decline(shop, 1) == [402]
        card = f"card-declined-{next(_numbers)}"
        assert buy(shop, card) == 402
        at_rest(shop, 2)
        asked = shop.metric("checkout", CALLS)
        assert buy(shop, card) == 402
        assert shop.metric("checkout", CALLS) == asked
        assert shop.postgres.one(LOCKS) == 2
        assert buy(shop) == 201


@pytest.mark.integration
def test_without_declined_cards_nothing_is_kept(shop: Shop) -> None:
    """The release is innocent as long as every card is good, as it was wherever it was tried."""
    with shop.changed("checkout", **settings(2)):
        assert [buy(shop) for _ in range(6)] == [201] * 6
        assert shop.metric("checkout", "db_pool_available") == 2


@pytest.mark.integration
def test_the_flag_and_the_restart_help_only_together(shop: Shop) -> None:
    """Off, it gives back nothing; restarted without it, it is empty again; with both it is well."""
    with drained(shop):
        shop.flags(checkout_rest_declined="off")
        assert buy(shop) == 503
        shop.flags()
        shop.restart("checkout", **settings(3))
        assert buy(shop) == 201
        assert decline(shop, 3) == [402] * 3
        assert buy(shop) == 503
        shop.flags(checkout_rest_declined="off")
        shop.restart("checkout", **settings(3))
        cards = [f"card-declined-{next(_numbers)}" for _ in range(5)]
        assert [buy(shop, card) for card in cards] == [402] * 5
        assert buy(shop) == 201
        assert shop.postgres.one(LOCKS) == 0
        assert shop.metric("checkout", "db_pool_available") == 3


@pytest.mark.integration
def test_restarting_postgres_ends_the_sessions_and_frees_no_connection(shop: Shop) -> None:
    """The pool counts what it has lent, and those who borrowed are asleep."""
    with drained(shop):
        shop.postgres.restart()
        eventually(lambda: shop.get("edge", "/api/products/1").status_code == 200, what="browsing is well")
        assert shop.postgres.one(SESSIONS) == 0
        assert (buy(shop), buy(shop)) == (503, 503)


@pytest.mark.integration
def test_the_release_lets_go_when_it_ends(shop: Shop) -> None:
    """A rollback stops it politely: it exits by itself, and its sessions end with it."""
    with drained(shop):
        assert shop.processes["checkout"].end() == 0
        eventually(lambda: shop.postgres.one(SESSIONS) == 0, what="its sessions ended")


def test_the_hold_outlasts_every_decoy_that_only_buys_time() -> None:
    """One connection a second: eight last for eight seconds, 24 for 25; the hold is three times the first."""
    scenario = library("pool-leak")
    steps = [act.action.step() for decoy in scenario.decoys for act in decoy.do if isinstance(act, Act)]
    pools = [int(step["set"]["DB_POOL_MAX"]) for step in steps if "set" in step]
    lasts_s = {pool: pool / LEAKED_PER_S for pool in (config.DB_POOL_MAX, *pools)}
    assert max(lasts_s.values()) < 0.6 * scenario.hold
    assert 3 * lasts_s[config.DB_POOL_MAX] < scenario.hold
    assert [each.kind for each in scenario.challenge] == ["none"]


def test_siblings_cannot_be_told_apart_by_their_page() -> None:
    """What a learner reads first is the same, word for word."""
    here, there = library("pool-leak"), catalog.find("pool-shrunk")
    for shown in ("title", "family", "briefing", "page", "load", "expect"):
        assert getattr(here, shown) == getattr(there, shown), shown
