"""Siblings on the screen: list, briefing and page show the same of each, but for its code, level and time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad

from labctl.cli.drill import _brief
from labctl.lab.lab import Lab
from labctl.scenario import library
from labctl.scenario.family import families
from labctl.scenario.model import Scenario

FAMILIES = families(library.shipped().values())
MAY_DIFFER = {"code", "level"}


@dataclass
class Screen:
    """What the commands show of one incident, as far as the page."""

    lab: Lab
    load: ScriptedLoad
    labctl: Labctl
    capsys: pytest.CaptureFixture[str]

    def of(self, scenario: Scenario) -> dict[str, object]:
        _, listed, _ = self.labctl("list", "--json")
        row = next(each for each in json.loads(listed)["incidents"] if each["code"] == scenario.code)
        _brief(scenario)
        _, *briefing = self.capsys.readouterr().err.splitlines()  # the first line is code and level
        begun = {"drill": "d1", "scenario": scenario.id, "mode": "drill", "run": "r1", "second": 0}
        self.lab.journal.append("drill.begun", begun)
        told = {"alert": scenario.expect.page, "text": scenario.page, "fired_wall_s": 1.0, "second": 12}
        self.lab.journal.append("page.fired" if scenario.expect.page else "page.told", told)
        code, page, said = self.labctl("page", "--json")
        assert code == 0, said
        sent = {key: value for key, value in json.loads(page).items() if key != "wall_s"}
        shown = {key: value for key, value in row.items() if key not in MAY_DIFFER}
        return {"list": shown, "briefing": briefing, "page": sent}


@pytest.fixture
def screen(
    lab: Lab, load: ScriptedLoad, labctl: Labctl, real_assets: None, capsys: pytest.CaptureFixture[str]
) -> Screen:
    load.goes_on(12, checkout=6, product=6)
    return Screen(lab, load, labctl, capsys)


def differing(screen: Screen, members: Iterable[Scenario]) -> list[str]:
    """Which screens are not the same for all."""
    seen = [screen.of(member) for member in members]
    return [name for name in seen[0] if any(each[name] != seen[0][name] for each in seen)]


@pytest.mark.parametrize("family", FAMILIES)
def test_siblings_look_alike(screen: Screen, family: str) -> None:
    """As they are really printed, whichever of them it is."""
    assert differing(screen, FAMILIES[family]) == []


def test_incidents_of_two_families_do_not(screen: Screen) -> None:
    """The test above can fail: every one of the three screens would show it."""
    first, second = (members[0] for members in list(FAMILIES.values())[:2])
    assert differing(screen, [first, second]) == ["list", "briefing", "page"]
