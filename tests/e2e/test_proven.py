"""The mission's three incidents: the first proven in full, the others as far as each run has time for."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from labctl.lab.home import names
from labctl.scenario import catalog
from tests.e2e.terminal import Done, Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

_CHECK = re.compile(r"^(ok|FAIL|\?\?|-) +(\w+) +(.+)$")


def checks(done: Done) -> list[str]:
    """`mark phase text`, one per check, however it was wrapped."""
    found: list[str] = []
    for line in done.out.splitlines():
        if match := _CHECK.match(line):
            found.append(" ".join(match.groups()))
        elif line.startswith(" "):
            found[-1] += " " + line.strip()
    return found


@pytest.mark.timeout(1500)
def test_pool_shrunk_is_proven(terminal: Terminal) -> None:
    """Exit 0; each phase measured against required, with its margin; its two labs are gone."""
    scenario = catalog.find("pool-shrunk")
    done = terminal.types("verify", "pool-shrunk", "--jobs", "2", within_s=1440)
    said = checks(done)
    assert done.code == 0, done.out + done.err
    assert [each for each in said if not each.startswith(("ok ", "- siblings"))] == []

    injections = 1 + len(scenario.fixes)
    for phase, times, measured in (
        ("green baseline", injections, r"7 journeys green for \d+ s, lowest .* \(margin \d+ %"),
        ("red checkout", injections, r"checkout \d+\.\d% bad of \d+ .* of at most 20 s \(margin \d+ %"),
        ("page CheckoutBudgetBurn", injections, r"fired \d+\.\d s after the fault.*\+2 s\) \(margin \d+ %"),
        ("rho", 2 * injections + len(scenario.fixes), r"ρ \d+\.\d\d, required at (most|least)"),
        ("evidence", len(scenario.evidence), r"required (above|below|equal)"),
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

    assert re.search(r"pool-shrunk: proven on local, in \d+ min .* \(\d+ passed", done.plain)
    assert names() == []


@pytest.mark.timeout(900)
def test_the_others_still_reproduce_and_can_be_fixed(terminal: Terminal) -> None:
    """`--quick`: green, red, page, every piece of evidence, one fix held and challenged, a clean reset."""
    scenarios = [catalog.find(name) for name in ("slow-bank", "oom-deploy")]
    done = terminal.types("verify", *(each.id for each in scenarios), "--quick", "--jobs", "2", within_s=840)
    said = checks(done)
    assert done.code == 0, done.out + done.err
    assert [each for each in said if not each.startswith(("ok ", "- attempt quick", "- siblings"))] == []

    wanted = Counter(
        green=2, red=2, page=2, fix=2, reset=2, evidence=sum(len(each.evidence) for each in scenarios)
    )
    phases = Counter(each.split()[1] for each in said if each.startswith("ok "))
    assert wanted - phases == Counter()
    for scenario in scenarios:
        assert any(each.startswith(f"ok fix {scenario.fixes[0].name}: mitigated: held") for each in said)
        assert f"{scenario.id}: proven in part on local" in done.plain
    assert names() == []
