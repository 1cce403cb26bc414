"""Journeys of installed packages: known wherever the shop's own are; half a one is named and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.packages import bring, write
from tests.slo.promtool import Traffic, edge_series, firing

from labctl.cli import main
from labctl.desk import runbook
from labctl.errors import InvalidFile
from labctl.scenario.references import Known
from labctl.slo import rules
from labctl.slo.installed import journeys
from labctl.slo.openslo import brought, lint, objectives


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one journey, installed; its folder."""
    return bring(tmp_path / "site", monkeypatch, "wish-list")


def test_without_packages_there_are_the_shops_own_alone() -> None:
    """Nothing is installed where the tests run."""
    assert journeys() == []
    assert len(objectives()) == 7


def test_a_journey_is_an_objective_like_the_shops_own(pack: Path) -> None:
    """In the order of all journeys, with its own promise and rate; a folder of SLOs stays what it is."""
    names = [each.journey for each in objectives()]
    assert (len(names), names) == (8, sorted(names))
    (wish,) = brought()
    assert (wish.journey, wish.threshold_s, wish.deadline_s, wish.rate) == ("wish-list", 0.5, 5.0, 6.0)
    assert {each.rate for each in objectives() if each.journey != "wish-list"} == {0.0}


def test_its_alert_is_generated_and_leads_to_its_runbook(pack: Path) -> None:
    """From its own counters, at the severities of every other journey."""
    groups = json.loads(rules.render(objectives(), ["edge"]))["groups"]
    mine = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "WishListBudgetBurn"]
    assert [rule["labels"]["severity"] for rule in mine] == ["page", "page", "ticket"]
    recorded = {
        rule["expr"]
        for group in groups
        for rule in group["rules"]
        if "record" in rule and rule["labels"]["journey"] == "wish-list"
    }
    assert len(recorded) == 6
    assert all('journey_requests_total{job="edge",journey="wish-list"}' in expr for expr in recorded)
    assert mine[0]["annotations"]["runbook"] == "labctl runbook WishListBudgetBurn"
    assert runbook.title("wishlistbudgetburn") == "The runbook of wish-list"


@pytest.mark.integration
def test_its_page_fires_when_its_users_are_hurt(pack: Path, tmp_path: Path) -> None:
    """And for nobody else's: the same failures under another journey's name leave it silent."""
    (wish,) = brought()
    hurt = (Traffic(400), Traffic(60, failed=1.0))
    mine = 'alertname="WishListBudgetBurn",severity="page"'
    expected: dict[int, set[str]] = {400: set(), 415: {"60s/5s"}}
    firing(tmp_path, edge_series(*hurt, journey="wish-list"), expected, mine, wish)
    firing(tmp_path, edge_series(*hurt, journey="product"), {415: set()}, mine, wish)


def test_a_scenario_may_name_it(pack: Path) -> None:
    """Its journey and its alert, as what is expected."""
    known = Known.of_the_lab.__wrapped__(Known)  # past its cache
    assert "wish-list" in known.journeys
    assert "WishListBudgetBurn" in known.alerts


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("wish_list.py", "wish_list.py:1:1: is missing: the journey 'wish-list' is not whole without what"),
        (
            "wish-list.yaml",
            "wish-list.yaml:1:1: is missing: the journey 'wish-list' is not whole without its SLO",
        ),
        (
            "wish-list.md",
            "wish-list.md:1:1: is missing: the journey 'wish-list' is not whole without its page",
        ),
    ],
)
def test_half_a_journey_is_an_error(pack: Path, missing: str, said: str) -> None:
    """The file that lacks is named; what is there would be an alert that cannot fire, or users unjudged."""
    (pack / missing).unlink()
    with pytest.raises(InvalidFile) as caught:
        objectives()
    assert said in caught.value.message
    assert caught.value.hint == "mend the files, or uninstall their package"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def visit(visit:\n", "wish_list.py:1:10: is not Python: '(' was never closed"),
        ("def come(visit): pass\n", "1:1: defines no function `visit` (def visit(visit: Visit) -> None:)"),
        ("import os, requests\ndef visit(v): pass\n", "1:1: imports requests, which load does not have"),
        (
            "def visit(v):\n    from . import x\n",
            "2:5: imports from its own package, which load does not have",
        ),
    ],
)
def test_code_that_load_could_not_run_is_an_error(pack: Path, code: str, said: str) -> None:
    """Found in the source, before any lab is started, and without running it."""
    (pack / "wish_list.py").write_text(code)
    with pytest.raises(InvalidFile) as caught:
        objectives()
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    incident-lab/rate: 6/s\n",
            "",
            "10:5: the key 'incident-lab/rate' is missing: load would never",
        ),
        ("rate: 6/s", "rate: often", "12:24: 'often' is not a rate from 6/s to 50/s"),
        ("rate: 6/s", "rate: 1/s", "12:24: '1/s' is not a rate from 6/s to 50/s"),
        (
            "name: wish-list\n",
            "name: product\n",
            "the journey is 'product' and the file is called 'wish-list'",
        ),
    ],
)
def test_mistakes_in_its_slo_have_their_place(pack: Path, old: str, new: str, said: str) -> None:
    """As in the shop's own; without a rate nobody would come, and too few could not be judged."""
    path = pack / "wish-list.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InvalidFile) as caught:
        objectives()
    assert said in caught.value.message


def test_a_name_that_is_taken_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the shop's own; all mistakes are told at once."""
    pack = bring(tmp_path / "site", monkeypatch, "product", "cart")
    with pytest.raises(InvalidFile) as caught:
        objectives()
    assert [Path(each.file).name for each in caught.value.mistakes] == ["cart.yaml", "product.yaml"]
    assert f"{pack / 'cart.yaml'}:1:1: there is a journey 'cart' already, by " in caught.value.message


def test_an_entry_point_that_names_no_folder_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Like every other that is of no use; the shop's own journeys are there all the same."""
    pack = bring(tmp_path / "site", monkeypatch)
    (pack / "__init__.py").unlink()
    pack.rmdir()
    (pack.parent / "their_journeys.py").write_text("x = 1\n")
    monkeypatch.setattr("labctl.extensions._broken", {})
    assert len(objectives()) == 7
    assert main.run(["list"]) == 0
    assert "'all' in labctl.journeys: their_journeys is neither" in capsys.readouterr().err


def test_a_journey_is_linted_before_it_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its SLO's file: what is missing beside it, and what is wrong in it."""
    write(tmp_path, "wish-list")
    path = tmp_path / "wish-list.yaml"
    assert lint(path) == []
    assert main.run(["lint", str(tmp_path)]) == 0
    assert f"{path}: fine" in capsys.readouterr().out
    (tmp_path / "wish-list.md").unlink()
    path.write_text(path.read_text().replace("rate: 6/s", "rate: 6"))
    assert [Path(each.file).name for each in lint(path)] == ["wish-list.md", "wish-list.yaml"]
