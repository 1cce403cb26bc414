"""Runbooks: one for each alert, all of the same five parts, and none that knows the incident."""

from __future__ import annotations

import json

import pytest
from tests.spoilers import scenarios, spoiled, spoilers

from labctl import assets
from labctl.desk import runbook
from labctl.errors import UsageError
from labctl.scenario.model import Scenario
from labctl.slo import openslo, rules, scrape
from labctl.stack.compose import load_stack

PARTS = ["## Symptom", "## What users feel", "## First looks", "## Usual mitigations", "## Escalation"]


def alerts() -> dict[str, str]:
    """Every alert that Prometheus is given, with the runbook that it names."""
    jobs = [component.name for component in scrape.scraped(load_stack())]
    groups = json.loads(rules.render(openslo.objectives(), jobs))["groups"]
    every = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule["annotations"]["runbook"] for rule in every}


def test_each_alert_has_a_runbook_and_names_it() -> None:
    """And there is none for an alert that does not exist."""
    assert sorted(alerts()) == runbook.names()
    assert alerts() == {name: f"labctl runbook {name}" for name in runbook.names()}


@pytest.mark.parametrize("name", runbook.names())
def test_a_runbook_has_its_five_parts(name: str) -> None:
    """In order, each with something in it, and each mitigation with its risk."""
    text = runbook.runbook(name)
    assert text.startswith(f"# {name}: ")
    assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS
    assert all(len(part.strip()) > 40 for part in text.split("\n## ")[1:])
    mitigations = text.partition("## Usual mitigations")[2].partition("## Escalation")[0]
    assert mitigations.count("\n- ") == mitigations.count("*Risk:*") > 0
    assert max(map(len, (line for line in text.splitlines() if not line.startswith("labctl ")))) <= 240


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.code)
def test_no_runbook_knows_what_is_wrong_today(scenario: Scenario) -> None:
    """Neither an incident's name nor what only its author knows."""
    pages = {page.name: page.read_text() for page in assets.path("runbooks").glob("*.md")}
    assert spoiled(spoilers(scenario), pages) == []


def test_an_alert_without_one_gets_a_suggestion() -> None:
    """Case does not matter; a slip gets the nearest."""
    assert runbook.runbook("checkoutbudgetburn") == runbook.runbook("CheckoutBudgetBurn")
    with pytest.raises(UsageError, match="did you mean CheckoutBudgetBurn") as slip:
        runbook.runbook("ChekoutBudgetBurn")
    assert slip.value.hint == "labctl runbook CheckoutBudgetBurn"
    with pytest.raises(UsageError) as unknown:
        runbook.runbook("zzz")
    assert unknown.value.hint == "labctl runbook lists them"
