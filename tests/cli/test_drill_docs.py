"""What is written for learners: commands that exist, links that lead somewhere, no cause before a fold."""

from __future__ import annotations

import re

import pytest
from tests.spoilers import scenarios, spoiled, spoilers

from labctl import assets
from labctl.actions.deploy import Deploy
from labctl.cli import page
from labctl.cli.commands import COMMANDS
from labctl.cli.screen.keys import KEYS
from labctl.oncall.page import Page
from labctl.scenario import catalog
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act

FIRST = "docs/first-drill.md"
LOOKING = "docs/investigating.md"
DOCS = (FIRST, LOOKING, "docs/drill.md", "docs/debrief.md")


def read(name: str) -> str:
    return assets.root().joinpath(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCS)
def test_every_command_that_is_shown_exists(name: str) -> None:
    """As `labctl …` in code."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", read(name), re.DOTALL))
    shown = set(re.findall(r"\blabctl ([a-z]+)\b", code))
    assert shown
    assert shown - set(COMMANDS) == set()


@pytest.mark.parametrize("name", DOCS)
def test_every_link_leads_somewhere(name: str) -> None:
    """Within the repository."""
    folder = assets.root().joinpath(name).parent
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", read(name))
    assert links
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_first_drill_goes_the_whole_way() -> None:
    """Every step from the first command to a postmortem, in this order, and an incident that there is."""
    text = read(FIRST)
    steps = ("drill", "ack", "say", "trace", "check", "resolve", "debrief", "postmortem draft", "down")
    places = [text.index(f"labctl {step}") for step in steps]
    assert places == sorted(places)
    for code in set(re.findall(r"labctl drill ([a-z]+-\d+)", text)):
        assert catalog.find(code)


def test_a_page_is_shown_in_the_form_it_has() -> None:
    """The labels of docs/investigating.md are those that `labctl page` prints, in its order."""
    section = read(LOOKING).partition("## What pages")[2]
    block = section.split("```")[1].strip()
    sent = Page(0.0, "CheckoutBudgetBurn", "s", "d", "r", "Support writes.", "checkout", 9.0, 0.5)
    form = re.compile(r"^(?:PAGE (?=[A-Z])|[a-z ]+(?=: ))", re.MULTILINE)
    shown, wanted = form.findall(block), form.findall("\n".join(page.lines(sent)))
    assert shown == wanted
    assert len(wanted) == 6


def test_keys_are_called_what_they_are() -> None:
    """`the key a` stands beside the command that it is."""
    for key, command in (("a", "ack"), ("s", "say"), ("r", "resolve")):
        assert [each for each in KEYS if each.key == key and each.move == command]
        assert re.search(rf"labctl {command}\b.*# +or (the key )?{key}\b", read(FIRST))


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.code)
def test_nothing_is_given_away_before_the_fold(scenario: Scenario) -> None:
    """Neither an incident's id nor the release that is guilty of it."""
    before, fold, _ = read(FIRST).partition("<details>")
    assert fold
    assert spoiled(spoilers(scenario, names_only=True), {FIRST: before}) == []
    acts = [step.action for step in scenario.faults if isinstance(step, Act)]
    guilty = [act.release for act in acts if isinstance(act, Deploy) and act.release]
    assert [release for release in guilty if release in before] == []
