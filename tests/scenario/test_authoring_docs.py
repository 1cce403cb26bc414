"""docs/authoring.md: what it shows is right, and what it promises about effort is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.engine import world
from tests.scenario import played

from labctl import assets
from labctl.actions.base import REGISTRY
from labctl.cli.commands import COMMANDS
from labctl.proof import Grade
from labctl.scenario import catalog
from labctl.scenario.lint import lint
from labctl.scenario.loader import loads

DOCS = ("docs/authoring.md", "CONTRIBUTING.md", "README.md")
UNPROVEN = (Grade.FAILED, Grade.UNJUDGED)


def read(name: str) -> str:
    return assets.root().joinpath(name).read_text(encoding="utf-8")


@pytest.fixture
def example() -> str:
    """The scenario in the document."""
    (text,) = re.findall(r"^```yaml\n(id: .*?)^```$", read("docs/authoring.md"), re.MULTILINE | re.DOTALL)
    return str(text)


def test_a_new_scenario_is_one_new_file(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document's own, saved and nothing else: it lints clean, is found, and a proof of it passes."""
    folder = tmp_path / "mine"
    folder.mkdir()
    path = folder / "timeout-unit.yaml"
    path.write_text(example, encoding="utf-8")
    assert lint(path) == []
    scenario = catalog.find("browse-61", environment={catalog.VARIABLE: str(folder)})
    proof = played.play(scenario, scenario, None, tmp_path, monkeypatch)
    assert [str(check) for check in proof.checks if check.outcome in UNPROVEN] == []
    assert {"page", "evidence", "decoy", "fix"} <= {check.phase for check in proof.checks}


FRAGMENTS = re.findall(r"^```yaml\n((?!id:).*?)^```$", read("docs/authoring.md"), re.MULTILINE | re.DOTALL)
"""What the sections show: keys to put in place of those of the whole example."""


def fitted(fragment: str, example: str) -> str:
    """The whole example with the keys of a section in place of its own."""
    keys = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    parts = re.split(r"^(?=\w+:)", example, flags=re.MULTILINE)
    return "".join([*(part for part in parts if part.partition(":")[0] not in keys), fragment])


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda each: str(each).partition(":")[0])
def test_what_a_section_shows_fits_into_the_example(fragment: str, example: str, tmp_path: Path) -> None:
    """It lints clean there, as it is in the document."""
    path = tmp_path / "timeout-unit.yaml"
    path.write_text(fitted(fragment, example), encoding="utf-8")
    assert [str(found) for found in lint(path)] == []


def test_the_judgement_that_is_shown_is_proven(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving it alone and taking it back are right; closing the shop harms."""
    (fragment,) = [each for each in FRAGMENTS if "judgement: true" in each]
    scenario = loads(fitted(fragment, example), "timeout-unit.yaml")
    lab = world.build(tmp_path, monkeypatch)
    monkeypatch.setattr(assets, "root", played.REAL_ROOT)
    monkeypatch.setattr(world.WorldLab, "sql", played.Answers(scenario).connect)
    closed = dict.fromkeys(world.RATES, 1.0)
    lab.world.hurt = lambda wanted: closed if wanted.flags.get("maintenance") == "on" else {}
    lab.world.answers |= played.measured(scenario)
    proof = world.prove(lab, scenario)
    assert [str(check) for check in proof.checks if check.outcome in UNPROVEN] == []
    judged = [check.name for check in proof.checks if check.phase in ("fix", "decoy")]
    assert judged == ["give it two seconds again", "do-nothing", "close the shop until we know more"]


def test_sections_show_what_they_are_about() -> None:
    """Calibration, shared evidence, people and judgement, each by an example of its own."""
    shown = "\n".join(FRAGMENTS)
    for key in ("bottleneck:", "shared:", "voices:", "page: none", "judgement: true"):
        assert key in shown


@pytest.mark.parametrize("name", DOCS)
def test_every_command_that_is_shown_exists(name: str) -> None:
    """As `labctl …` in code."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", read(name), re.DOTALL))
    shown = set(re.findall(r"\blabctl ([a-z]+)\b", code))
    assert shown
    assert shown - set(COMMANDS) - {"help"} == set()


def test_every_action_is_in_the_table() -> None:
    """An author who looks for an action finds it."""
    text = read("docs/authoring.md")
    assert [name for name in REGISTRY if f"{name}: {{" not in text] == []


@pytest.mark.parametrize("name", DOCS)
def test_every_link_leads_somewhere(name: str) -> None:
    """Within the repository."""
    folder = assets.root().joinpath(name).parent
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", read(name))
    assert [link for link in links if not (folder / link).exists()] == []


def test_contributing_points_to_it() -> None:
    """Whoever wants to add a scenario finds the way."""
    assert "docs/authoring.md" in read("CONTRIBUTING.md")
