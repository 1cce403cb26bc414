"""The catalogue: which scenarios there are, and how one is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, changed, written

from labctl.errors import InvalidFile, UsageError
from labctl.scenario import catalog


@pytest.fixture
def mine(tmp_path: Path) -> dict[str, str]:
    """An environment that names one folder with one scenario."""
    written(tmp_path, SMALL, "valve-closed.yaml")
    return {catalog.VARIABLE: str(tmp_path)}


@pytest.mark.parametrize("name", ["valve-closed", "checkout-90"])
def test_found_by_id_and_by_code(mine: dict[str, str], name: str) -> None:
    """Authors say the id, learners the code."""
    assert catalog.find(name, environment=mine).id == "valve-closed"


def test_found_by_its_file(mine: dict[str, str]) -> None:
    """A path works without any folder."""
    path = Path(mine[catalog.VARIABLE]) / "valve-closed.yaml"
    assert catalog.find(str(path), environment={}).code == "checkout-90"


def test_an_unknown_name_gets_the_nearest(mine: dict[str, str]) -> None:
    """And the command that lists all."""
    with pytest.raises(UsageError, match="did you mean 'checkout-90'") as caught:
        catalog.find("chekout-90", environment=mine)
    assert caught.value.hint is not None
    assert "labctl list" in caught.value.hint


@pytest.mark.parametrize("name", ["", "nothing-like-it"])
def test_a_name_like_nothing_is_refused(mine: dict[str, str], name: str) -> None:
    """Neither a guess nor a traceback."""
    with pytest.raises(UsageError, match="there is no scenario"):
        catalog.find(name, environment=mine)


def test_the_labs_own_come_first_and_in_order_of_code(mine: dict[str, str]) -> None:
    """Own and other folders are one list."""
    codes = [entry.code for entry in catalog.entries(mine)]
    assert "checkout-90" in codes
    assert codes == sorted(codes)


def test_two_scenarios_with_one_name_are_refused(mine: dict[str, str]) -> None:
    """A code must tell a learner's drill from any other."""
    written(Path(mine[catalog.VARIABLE]), changed("id: valve-closed", "id: other"), "other.yaml")
    with pytest.raises(UsageError, match="'checkout-90' is the name of two scenarios"):
        catalog.entries(mine)


def test_a_broken_neighbour_does_not_hide_a_good_one(mine: dict[str, str]) -> None:
    """Only asking for everything, or for the broken one, fails."""
    folder = Path(mine[catalog.VARIABLE])
    written(folder, "id: [", "torn.yaml")
    written(
        folder,
        changed("hold: 30s", "hold: 30").replace("valve-closed", "bent").replace("-90", "-91"),
        "bent.yaml",
    )
    assert catalog.find("valve-closed", environment=mine).id == "valve-closed"
    for name in ("bent", "torn"):
        with pytest.raises(InvalidFile, match=name):
            catalog.find(name, environment=mine)
    with pytest.raises(InvalidFile, match="bent") as caught:
        catalog.all(environment=mine)
    assert {Path(each.file).name for each in caught.value.mistakes} == {"bent.yaml", "torn.yaml"}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typo in the variable must not look like an empty catalogue."""
    with pytest.raises(UsageError, match="gone, which is no folder"):
        catalog.folders({catalog.VARIABLE: str(tmp_path / "gone")})


def test_every_scenario_of_the_lab_loads() -> None:
    """What ships is right."""
    assert "pool-shrunk" in {scenario.id for scenario in catalog.all(environment={})}


def test_families_are_told_without_reading_all_of_a_file() -> None:
    """They are those of the scenarios themselves."""
    told = {entry.id: entry.family for entry in catalog.entries({})}
    assert told == {scenario.id: scenario.family for scenario in catalog.all(environment={})}


@pytest.mark.parametrize(
    "text",
    [
        "id: one\ncode: two-01\n",
        "code: 'two-01'  # quoted\nid: \"one\"\n",
        "briefing: |\n  id: other\n  code: other-01\nid: one\ncode: two-01\nid: later\n",
        "{id: one, code: two-01}\n",
        "id:\n  one\ncode: two-01\n",
    ],
)
def test_names_are_told_however_they_are_written(tmp_path: Path, text: str) -> None:
    """At the beginning of a line they are read as they stand; otherwise the file is parsed."""
    (tmp_path / "one.yaml").write_text(text)
    named = [(each.id, each.code) for each in catalog.entries({catalog.VARIABLE: str(tmp_path)})]
    assert ("one", "two-01") in named


def test_a_draft_is_found_by_its_path_alone(tmp_path: Path) -> None:
    """What is not proven is nobody's to be drilled in, and no name of its own is taken yet."""
    (tmp_path / "drafts").mkdir()
    written(tmp_path / "drafts", SMALL, "valve-closed.yaml")
    mine = {catalog.VARIABLE: str(tmp_path)}
    assert "valve-closed" not in [entry.id for entry in catalog.entries(mine)]
    with pytest.raises(UsageError):
        catalog.find("valve-closed", environment=mine)
    assert catalog.find(str(tmp_path / "drafts" / "valve-closed.yaml")).id == "valve-closed"
