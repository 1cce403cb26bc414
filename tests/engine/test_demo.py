"""The demo tells the truth: it ends where users are, and plays no incident that does not happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from labctl.actions.change import outstanding
from labctl.cli.verdicts import exit_code
from labctl.demo import demo
from labctl.errors import CouldNotJudge
from labctl.judge import Outcome, Verdict
from labctl.lab.journal import Event
from labctl.scenario.model import Scenario
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import WorldLab, scenario

EVIDENCE = ("debrief:", "evidence:\n  - {say: requests queue up, query: waiting, above: 4}\ndebrief:")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    return world.build(tmp_path, monkeypatch)


@dataclass
class Audience:
    """Hears what is said and what happens, in one list."""

    heard: list[str] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.heard.append(event.kind)

    def say(self, text: str) -> None:
        self.heard.append(text)

    def in_order(self, *parts: str) -> None:
        at = 0
        for part in parts:
            later = [number for number, text in enumerate(self.heard[at:], start=at) if part in text]
            assert later, f"no {part!r} in {self.heard[at:]}"
            at = later[0] + 1


def play(lab: WorldLab, chosen: Scenario, audience: Audience | None = None) -> Verdict:
    listening = audience or Audience()
    return demo(lab, chosen, clock=lab.clock, on_event=listening.event, say=listening.say)


def test_the_whole_story_is_told_in_numbers(lab: WorldLab) -> None:
    """Healthy, broken, paged, evidence, a decoy that fails, the fix, the hold, the challenge: mitigated."""
    lab.world.answers["waiting"] = [115.0]
    audience = Audience()
    verdict = play(lab, scenario(EVIDENCE), audience)
    assert (verdict.outcome, exit_code(verdict)) == (Outcome.MITIGATED, 0)
    audience.in_order(
        "A weekday.",
        "phase.green",
        "phase.red",
        "page.fired",
        "- requests queue up: 115, required above 4",
        "A plausible idea: run three edges.",
        "Users: checkout 5 of 60 good (0 late, 55 failed), everything else 300 of 300",
        "It does not help: the pool is as small as it was.",
        "not restored: held 0 s of 30 s",
        "What helps: roll back.",
        "everything else 300 of 300; held ",
        "phase.held",
        "phase.challenged",
        "verdict",
        "drill.ended",
    )
    in_force = [change.summary for change in outstanding(lab.journal.read())]
    assert not any("scale" in summary for summary in in_force)  # the decoy's edges are gone again


def test_evidence_that_is_not_there_is_not_invented(lab: WorldLab) -> None:
    """What Prometheus does not know is told as nothing."""
    audience = Audience()
    play(lab, scenario(EVIDENCE), audience)
    audience.in_order("- requests queue up: nothing, required above 4")


def test_a_page_that_does_not_come_ends_it(lab: WorldLab) -> None:
    """No story without its page: exit 3."""
    lab.world.pages = False
    with pytest.raises(CouldNotJudge, match="CheckoutBudgetBurn did not page within 60 s") as caught:
        play(lab, scenario())
    assert caught.value.exit_code == 3


def test_a_decoy_that_helps_ends_it(lab: WorldLab) -> None:
    """The demo does not call a cure useless."""
    cure = ("scale: {component: edge, replicas: 3}", "set: {component: checkout, DB_POOL_MAX: 8}")
    with pytest.raises(CouldNotJudge, match="'run three edges' should not help, and users say"):
        play(lab, scenario(cure))


def test_a_fix_that_does_not_help_is_not_applauded(lab: WorldLab) -> None:
    """Not restored, exit 1, with the numbers."""
    useless = ("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")
    verdict = play(lab, scenario(useless))
    assert (verdict.outcome, exit_code(verdict)) == (Outcome.NOT_RESTORED, 1)
    assert "checkout 8.3 % of 99 %" in str(verdict)


def test_a_fix_that_a_restart_undoes_is_masked(lab: WorldLab) -> None:
    """It ends with the verdict, and does not wait for another: exit 1."""

    def until_restarted(wanted: Wanted) -> dict[str, float]:
        stopgap = wanted["edge"].replicas == 2 and not wanted["checkout"].restarts
        return {} if stopgap else dict(world.pool_shrunk(wanted))

    lab.world.hurt = until_restarted
    stopgap = ("rollback: {component: checkout}", "scale: {component: edge, replicas: 2}")
    verdict = play(lab, scenario(stopgap))
    assert (verdict.outcome, exit_code(verdict)) == (Outcome.MASKED, 1)
