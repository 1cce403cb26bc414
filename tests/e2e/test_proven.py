"""The mission's three incidents: one proven in full; the others, and what the newest change touches most
closely, as far as each run has time for. `make proof` and the workflow of pull requests leave nothing out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import pytest

from labctl import assets
from labctl.errors import UsageError
from labctl.lab.home import names
from labctl.proving import changed, sources
from labctl.scenario import catalog
from labctl.scenario.model import Scenario
from tests.e2e.judged import judged
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

QUICKLY = ("slow-bank", "oom-deploy")
TOUCHED = 1
"""So many more each run has time for."""


@pytest.mark.timeout(1500)
def test_pool_shrunk_is_proven(terminal: Terminal) -> None:
    """Exit 0; each phase measured against required, with its margin; its two labs are gone."""
    scenario = catalog.find("pool-shrunk")
    done = terminal.types("verify", "pool-shrunk", "--jobs", "2", within_s=1440)
    said = judged(terminal, done, scenario)
    assert [each for each in said if not each.startswith(("ok ", "- siblings"))] == []

    injections = 1 + len(scenario.fixes)
    for phase, times, measured in (
        ("green baseline", injections, r"7 journeys green for \d+ s, lowest .* \(margin \d+ %"),
        ("red checkout", injections, r"checkout \d+\.\d% bad of \d+ .* of at most 20 s \(margin \d+ %"),
        ("page CheckoutBudgetBurn", injections, r"fired \d+\.\d s after the fault.*\+2 s\) \(margin \d+ %"),
        ("rho", 2 * injections + len(scenario.fixes), r"ρ \d+\.\d\d, required at (most|least)"),
        ("evidence", len(scenario.evidence), r"required (above|below|equal)"),
        ("figure", len(scenario.figures), r"told as about .* \(margin \d+ %"),
        ("decoy", 4 + len(scenario.decoys), r"(not restored|masked): .*held \d+ s of 30 s; .* of 99 %"),
        (
            "fix",
            len(scenario.fixes),
            r"mitigated: held 30 s of 30 s; every .* challenge restart: .*margin",
        ),
        ("reset clean", 1, "verified"),
    ):
        found = [each for each in said if each.startswith(f"ok {phase}")]
        assert len(found) == times, (phase, found)
        assert [each for each in found if not re.search(measured, each)] == []
    for attempt in (*scenario.fixes, *scenario.decoys, *scenario.evidence):
        name = getattr(attempt, "name", None) or getattr(attempt, "say", "")
        assert any(f" {name}: " in each for each in said), name

    outcome = "proven" if done.code == 0 else "could not judge"
    assert re.search(rf"pool-shrunk: {outcome} on local, in \d+ min .* \(\d+ passed", done.plain)
    assert names() == []


def closely(why: Mapping[str, str]) -> list[str]:
    """Those that are touched by their own files or releases; whatever touches all, the three stand for."""
    return [name for name, path in why.items() if path == "its file" or "/releases/" in path]


def touched() -> list[Scenario]:
    """What has changed since `CHANGED_SINCE`, a commit; since the one before where nobody says."""
    base = os.environ.get("CHANGED_SINCE") or "HEAD~1"
    known = [(each.path, each.scenario) for each in sources.every()]
    try:
        why = changed.touched_since(base, known, assets.root())
    except UsageError:  # no repository, or one without a past
        return []
    others = (name for name in closely(why) if name not in (*QUICKLY, "pool-shrunk"))
    return [catalog.find(name) for name in others][:TOUCHED]


def test_what_touches_all_is_nobodys_own() -> None:
    """A service's base code is proven by the three; a file or a release by whoever it belongs to."""
    reasons = {
        "a": "its file",
        "b": "services/catalog/releases/3.2.0/trends.py",
        "c": "services/edge/front.py",
    }
    assert closely(reasons) == ["a", "b"]


@pytest.mark.timeout(1200)
def test_the_others_and_what_is_touched_still_reproduce_and_can_be_fixed(terminal: Terminal) -> None:
    """`--quick`: green, red, page, every piece of evidence, one fix held and challenged, a clean reset."""
    scenarios = [*(catalog.find(name) for name in QUICKLY), *touched()]
    done = terminal.types("verify", *(each.id for each in scenarios), "--quick", "--jobs", "2", within_s=1140)
    said = judged(terminal, done, *scenarios)
    assert [each for each in said if not each.startswith(("ok ", "- attempt quick", "- siblings"))] == []

    for phase in ("green", "red", "page"):
        assert sum(each.startswith(f"ok {phase} ") for each in said) >= len(QUICKLY), phase
    for scenario in scenarios:
        asked = (*scenario.evidence, *scenario.figures)
        assert [each.say for each in asked if not any(f" {each.say}: " in line for line in said)] == []
        if done.code == 0:
            assert f"{scenario.id}: proven in part on local" in done.plain
        assert any(each.startswith(f"ok fix {scenario.fixes[0].name}: ") for each in said)
    assert names() == []
