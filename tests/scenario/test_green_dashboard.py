"""green-dashboard: whoever is turned away before the counting begins is in no panel and in no alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from tests.scenario.samples import library
from tests.services.load_parts import ScriptedDoor, answer, visit
from tests.services.parts import Shop

from labctl.scenario.steps import Act
from load.journeys import Bad, checkout
from load.journeys.checkout import TWO_ITEMS_SHARE

pytestmark = pytest.mark.long  # an incident's mechanism: with real parts only in make drills

RELEASE = "1.8.4"
COUNTED = 'journey_requests_total{journey="checkout"'
TURNED_AWAY = 'request_duration_seconds_count{outcome="ok",route="unknown"}'


def limit() -> str:
    (fault,) = library("green-dashboard").faults
    return str(fault.action.step()["flag"]["value"])


def buy(shop: Shop, key: str, lines: int) -> httpx.Response:
    """An order of so many lines, as load writes it."""
    items = [{"product": 100 + line, "quantity": 1} for line in range(lines)]
    form = json.dumps({"customer": 5, "items": items, "card": "card-ok-5"})
    headers = {"idempotency-key": key, "content-type": "application/json"}
    return httpx.post(shop.url("edge", "/api/checkout"), content=form, headers=headers, timeout=20)


@pytest.fixture
def guarded(shop: Shop) -> Iterator[Shop]:
    """The shop with the doorman at its edge."""
    with shop.changed("edge", RELEASE=RELEASE):
        yield shop


@pytest.mark.integration
def test_two_lines_are_turned_away_and_nobody_counts_them(guarded: Shop) -> None:
    """One line is bought and counted as good; a second ends at the door, and checkout never hears of it."""
    guarded.flags(edge_form_limit=limit())
    counted, away = guarded.metric("edge", COUNTED), guarded.metric("edge", TURNED_AWAY)
    asked = guarded.metric("checkout", 'request_duration_seconds_count{outcome="ok"')
    assert [buy(guarded, f"two-{number}", 2).status_code for number in range(3)] == [413] * 3
    assert guarded.metric("checkout", 'request_duration_seconds_count{outcome="ok"') == asked
    assert guarded.metric("edge", COUNTED) == counted
    assert guarded.metric("edge", TURNED_AWAY) == away + 3
    assert buy(guarded, "one", 1).status_code == 201
    assert guarded.metric("edge", COUNTED) == counted + 1
    assert guarded.metric("edge", 'journey_requests_total{journey="checkout",outcome="failed"') == 0
    refused = [line for line in guarded.log("edge") if line.get("status") == 413]
    assert {(line["method"], line["path"], line["route"]) for line in refused} == {
        ("POST", "/api/checkout", "unknown")
    }


@pytest.mark.integration
def test_the_doorman_is_innocent_as_he_came(guarded: Shop) -> None:
    """Ordinary orders of any length are let in, and megabytes are not."""
    assert buy(guarded, "as-came-2", 2).status_code == 201
    assert buy(guarded, "as-came-9", 9).status_code == 201
    url = guarded.url("edge", "/api/cart/2")
    assert httpx.put(url, json={"product": 1, "quantity": 1}, timeout=20).status_code == 200
    assert httpx.put(url, content=b" " * 200_000, timeout=20).status_code == 413
    assert guarded.get("edge", "/api/home").status_code == 200


@pytest.mark.integration
def test_without_him_the_limit_means_nothing(shop: Shop) -> None:
    """The release before him lets everybody in: rolling back is a way out."""
    shop.flags(edge_form_limit=limit())
    assert buy(shop, "without-him", 2).status_code == 201


def test_every_order_of_two_lines_is_above_the_limit_and_none_of_one() -> None:
    """As load writes them: three orders in ten."""
    lengths: dict[int, list[int]] = {1: [], 2: []}
    for seed in range(400):
        door = ScriptedDoor(answer({"order": 1, "state": "paid", "total_cents": 1}, 201))
        made = visit(door, seed=seed)
        with suppress(Bad):  # the answer's total is made up
            checkout.visit(made)
        form = door.asked[0][2]
        lengths[len(form["items"])].append(len(json.dumps(form)))
    assert max(lengths[1]) < float(limit()) - 4
    assert min(lengths[2]) > float(limit()) + 4
    assert len(lengths[2]) / 400 == pytest.approx(TWO_ITEMS_SHARE, abs=0.06)
    (mended,) = (
        act.action.step()["flag"]["value"]
        for fix in library("green-dashboard").fixes
        for act in fix.do
        if isinstance(act, Act) and act.action.name == "flag"
    )
    assert float(mended) > 100 * max(lengths[2])
