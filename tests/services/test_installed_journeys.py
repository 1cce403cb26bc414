"""Journeys that packages bring: load makes them, the edge counts them, each request where it belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from labctl.runtimes import journeys
from labctl.runtimes.local.layout import Layout
from labctl.slo.sli import Second
from load.journeys import JOURNEYS, Answer, Bad, installed
from load.pace import Pace
from load.profiles import PEAK, InvalidProfile, parse
from load.seconds import Seconds
from load.timetable import Timetable
from shared.journeys import HEADER, Told, told
from tests.packages import VISIT, bring
from tests.services.load_parts import ScriptedDoor, answer, product, visit
from tests.services.parts import Shop, eventually, free_port
from tests.services.processes import ROOT, Parts

BESIDE = {"wish-list": 6.0}
EXAMPLE = ROOT / "examples" / "incident-lab-freeze" / "src" / "incident_lab_freeze" / "journeys"


def test_services_are_told_what_labctl_lays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing where there is no file, as in a shop that was started by hand."""
    assert told(tmp_path) == {}
    bring(tmp_path / "site", monkeypatch, "wish-list")
    journeys.lay_out(Layout(tmp_path / "lab"))
    assert told(tmp_path / "lab" / "settings") == {"wish-list": Told(0.5, 5.0, 6.0)}


def test_each_request_of_an_installed_journey_says_whose_it_is(tmp_path: Path) -> None:
    """And is judged by the journey's own check; the shop's own journeys say nothing."""
    (tmp_path / "wish-list.py").write_text(VISIT)
    come = installed.read(tmp_path, ["wish-list"])["wish-list"]
    door = ScriptedDoor(answer(product(7)))
    with pytest.raises(Bad, match="another product"):
        come(visit(door))
    assert [headers for *_, headers in door.asked] == [{HEADER: "wish-list"}]
    own = ScriptedDoor(answer(product(7)))
    with pytest.raises(Bad):
        JOURNEYS["product"](visit(own))
    assert [headers for *_, headers in own.asked] == [{}]


@pytest.mark.parametrize(
    ("code", "why"),
    [("1 / 0", "ZeroDivisionError"), ("import no_such_thing", "ModuleNotFoundError"), ("", "no attribute")],
)
def test_code_that_cannot_be_run_is_named(tmp_path: Path, code: str, why: str) -> None:
    """Load does not start without it: nobody would notice that its users stay away."""
    (tmp_path / "wish-list.py").write_text(code)
    with pytest.raises(installed.NoJourney, match=rf"wish-list\.py: .*{why}"):
        installed.read(tmp_path, ["wish-list"])


def test_they_come_on_top_of_every_profile_and_rise_and_fall_with_it() -> None:
    """The profile's rate is still that of the shop's own; where nobody comes, they stay away as well."""
    half = parse({"profile": "weekday-peak", "rate": PEAK / 2}, BESIDE).rates(0)
    assert half["wish-list"] == pytest.approx(3)
    assert sum(half.values()) == pytest.approx(PEAK / 2 + 3)
    surge = parse({"profile": "surge", "times": 5, "after": 1}, BESIDE)
    assert [surge.rates(second)["wish-list"] for second in (0, 1)] == pytest.approx([6, 30])
    assert set(parse({"profile": "steady", "rate": 0}, BESIDE).rates(0).values()) == {0.0}


def test_they_may_have_a_rate_of_their_own_like_any_journey() -> None:
    """A name that nobody brought is still a mistake, which lists them all."""
    assert parse({"profile": "steady", "journeys": {"wish-list": 2}}, BESIDE).rates(0)["wish-list"] == 2
    with pytest.raises(InvalidProfile, match=r"'wish-lst'; there are .*, account-history, wish-list"):
        parse({"profile": "steady", "journeys": {"wish-lst": 2}}, BESIDE)


def test_they_are_part_of_the_usual_traffic() -> None:
    """Due and expected from the first second on."""
    made = Pace(Seconds(), Timetable("seed"), beside=BESIDE)
    due = [journey for _, _, journey in made.begin_second()]
    assert due.count("wish-list") in (6, 7)
    assert len(due) - due.count("wish-list") == pytest.approx(PEAK, abs=7)


class Counted:
    """An edge that was told of `wish-list`, before a stub that answers for catalog."""

    def __init__(self, parts: Parts, settings: Path, promise: dict[str, float]) -> None:
        (settings / "journeys").mkdir()
        (settings / "journeys" / "wish-list.py").write_text(VISIT)
        (settings / "journeys.json").write_text(json.dumps({"wish-list": promise}))
        self.port = free_port()
        stub = f"127.0.0.1:{parts.shop()}"
        where = {"LISTEN_HOST": "127.0.0.1", "SERVICE_PORT": self.port}
        parts.start("edge", SERVICE="edge", CATALOG_ADDR=stub, CHECKOUT_ADDR=stub, **where)
        eventually(lambda: self.ask("/readyz").status_code == 200, what="edge ready")
        eventually(lambda: self.ask("/api/products/7").status_code == 200, what="the stub answers")

    def ask(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=20)

    def counts(self) -> dict[tuple[str, str], float]:
        """Requests by journey and outcome, as Prometheus would see them."""
        found = {}
        for line in self.ask("/metrics").text.splitlines():
            if line.startswith("journey_requests_total{"):
                _, journey, _, outcome, value = line.split('"')
                found[journey, outcome] = float(value.lstrip("} "))
        return found


@pytest.mark.integration
def test_the_edge_counts_by_the_header_what_it_was_told_of(parts: Parts, tmp_path: Path) -> None:
    """By its own threshold, from 0; any other value is the journey of the path, and makes no series."""
    edge = Counted(parts, tmp_path, {"threshold_s": 0.00001, "deadline_s": 5.0, "rate": 6.0})
    before = edge.counts()
    assert {key: value for key, value in before.items() if key[0] == "wish-list"} == {
        ("wish-list", "good"): 0,
        ("wish-list", "late"): 0,
        ("wish-list", "failed"): 0,
    }
    edge.ask("/api/products/7", **{HEADER: "wish-list"})
    after = edge.counts()
    assert {key for key in after if after[key] != before[key]} == {("wish-list", "late")}
    for claimed in ("cart", "nobody", ""):
        edge.ask("/api/products/7", **{HEADER: claimed})
    last = edge.counts()
    assert set(last) == set(before)
    assert {key: last[key] - after[key] for key in last if last[key] != after[key]} == {
        ("product", "good"): 3
    }


@pytest.mark.integration
def test_load_and_edge_count_the_same_visits(parts: Parts, tmp_path: Path) -> None:
    """As due in load as answered at the edge, and none of them among those of the path's own journey."""
    edge = Counted(parts, tmp_path, {"threshold_s": 5.0, "deadline_s": 9.0, "rate": 6.0})
    before = edge.counts()
    _, client = parts.load(edge.port)
    eventually(lambda: len(client.seconds()) >= 3, what="three seconds with the usual traffic")
    client.set_profile("steady", rate=0)
    eventually(lambda: _quiet(client.seconds()), what="the last visitor has gone")
    seconds, after = client.seconds(), edge.counts()
    for journey in ("wish-list", "product"):
        tallies = [second.journeys[journey] for second in seconds]
        due = sum(tally.due for tally in tallies)
        counted = sum(after[key] - before[key] for key in after if key[0] == journey)
        assert (due > 0, counted) == (True, due), journey
    good = sum(second.journeys["wish-list"].good for second in seconds)
    assert (seconds[0].expected["wish-list"], good) == (6.0, after["wish-list", "good"])


@dataclass
class RealDoor:
    """The real edge, asked by one user."""

    shop: Shop

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        answered = httpx.request(
            method, self.shop.url("edge", path), json=body, headers=dict(headers or {}), timeout=20
        )
        return Answer(answered.status_code, answered.content)


@pytest.mark.integration
def test_the_examples_journey_is_content_with_the_real_shop(shop: Shop) -> None:
    """Whatever product is read of; without its reviews the page is good for the shop's own users alone."""
    read = installed.read(EXAMPLE, ["reviews"])["reviews"]
    for seed in range(20):
        read(visit(RealDoor(shop), seed=seed))
    shop.flags(edge_reviews_timeout="0.1ms")
    JOURNEYS["product"](visit(RealDoor(shop)))
    with pytest.raises(Bad, match="reviews is no list"):
        read(visit(RealDoor(shop)))


def _quiet(seconds: Sequence[Second]) -> bool:
    return not sum(tally.due for tally in seconds[-1].journeys.values())
