"""Judgement: users are well; what is right keeps them so, and what is wrong harms them for real."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from labctl.engine import phases
from labctl.judge import InvariantResult
from labctl.lab.reach import Alert
from labctl.proof import Check, Grade, Proof
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.world import RATES, Hurt, WorldLab, prove, scenario

CALM = ("hold: 30s", "judgement: true\nhold: 30s")
LEFT_ALONE = (
    "hints:",
    """universal: {do-nothing: {is: fix, why: users are well}}
invariants:
  - {say: everything is settled, sql: select 1, equals: 1}
hints:""",
)


def unharmed(wanted: Wanted) -> Mapping[str, float]:
    """The release looks bad and is not; three edges take each other's connections."""
    return {"home": 0.5} if wanted["edge"].replicas == 3 else {}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    """Users are well whatever checkout runs, and the pager goes off all the same."""
    made = world.build(tmp_path, monkeypatch)
    made.world.hurt = unharmed
    monkeypatch.setattr(made.world, "alerts", lambda: _alerts(made))
    monkeypatch.setattr(phases, "measure", lambda _, each: InvariantResult(each.say, "1", settled(made)))
    return made


def _alerts(lab: WorldLab) -> list[Alert]:
    if lab.wanted()["checkout"].release != "2.4.0" or not lab.world.pages:
        return []
    return [Alert("CheckoutBudgetBurn", "active", {"severity": "page"}, {}, lab.clock.wall())]


def settled(lab: WorldLab) -> str:
    """What the invariant measures: turning the shop off interrupts the settlement."""
    return "0" if lab.wanted().flags.get("maintenance") == "on" else "1"


def of(proof: Proof, phase: str) -> list[Check]:
    return [check for check in proof.checks if check.phase == phase]


def said(proof: Proof) -> list[str]:
    return [f"{check.phase} {check.name}: {check.said}" for check in proof.checks]


def test_a_true_one_is_proven_the_other_way_round(lab: WorldLab) -> None:
    """Users stay well, somebody is paged, the right ways keep them so, the wrong one hurts."""
    proof = prove(lab, scenario(CALM, LEFT_ALONE))
    assert proof.exit_code == 0, said(proof)
    assert [(check.phase, check.name) for check in proof.checks if check.phase in ("fix", "decoy")] == [
        ("fix", "roll back"),
        ("fix", "do-nothing"),
        ("decoy", "run three edges"),
    ]
    assert of(proof, "calm")[0].said.startswith("held 30 s of 30 s; every journey green")
    assert "though users are well" in of(proof, "page")[0].said
    assert of(proof, "decoy")[0].said.startswith("home is red after ")


def test_an_alarm_that_users_feel_is_no_judgement(lab: WorldLab) -> None:
    """What hurts already is an incident, and nothing further is tried."""
    lab.world.hurt = world.pool_shrunk
    proof = prove(lab, scenario(CALM))
    (calm,) = of(proof, "calm")
    assert (proof.exit_code, calm.outcome) == (1, Grade.FAILED)
    assert calm.said.startswith("what is to be judged hurts them already: checkout is red after ")
    assert of(proof, "fix") == []


def test_a_wrong_way_that_harms_nobody_is_merely_unneeded(lab: WorldLab) -> None:
    """Harm must be real, never staged."""
    harmless = ("replicas: 3", "replicas: 2")
    proof = prove(lab, scenario(CALM, harmless), only="decoy:run three edges")
    (decoy,) = of(proof, "decoy")
    assert decoy.outcome is Grade.FAILED
    assert "it harms nobody within 20 s, so it is unneeded and not wrong" in decoy.said


def test_a_wrong_way_may_break_the_data_alone(lab: WorldLab) -> None:
    """No user feels it; the invariant that held before does not hold any more."""
    lab.world.hurt = lambda _: {}
    stops = ("scale: {component: edge, replicas: 3}", 'flag: {name: maintenance, value: "on"}')
    proof = prove(lab, scenario(CALM, LEFT_ALONE, stops), only="decoy:run three edges")
    (decoy,) = of(proof, "decoy")
    assert decoy.outcome is Grade.PASSED
    assert decoy.said == "invariant 'everything is settled': measured 0, required 1"


def test_harm_that_was_there_before_proves_nothing(lab: WorldLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invariant that the scenario itself breaks was not broken by what somebody did."""
    monkeypatch.setattr(phases, "measure", lambda _, each: InvariantResult(each.say, "1", "0"))
    harmless = ("replicas: 3", "replicas: 2")
    proof = prove(lab, scenario(CALM, LEFT_ALONE, harmless), only="decoy:run three edges")
    assert of(proof, "decoy")[0].outcome is Grade.FAILED


@pytest.mark.parametrize(
    ("right", "why"),
    [
        ("scale: {component: edge, replicas: 3}", "home"),
        ('flag: {name: maintenance, value: "on"}', "invariant 'everything is settled': measured 0"),
    ],
)
def test_a_right_way_that_harms_fails(lab: WorldLab, right: str, why: str) -> None:
    """Users turn red, or the data is wrong at the end."""
    wrong = ("rollback: {component: checkout}", right)
    proof = prove(lab, scenario(CALM, LEFT_ALONE, wrong), only="fix:roll back")
    (fix,) = of(proof, "fix")
    assert fix.outcome is Grade.FAILED
    assert fix.said.startswith("it is not right: ")
    assert why in fix.said


def test_a_human_may_speak_where_no_alert_fires(lab: WorldLab) -> None:
    """`page: none`; where one is promised, it has to come."""
    lab.world.pages = False
    assert prove(lab, scenario(CALM, ("page: CheckoutBudgetBurn", "page: none"))).exit_code == 0
    proof = prove(lab, scenario(CALM), only="fix:roll back")
    assert (proof.exit_code, of(proof, "page")[0].said) == (
        1,
        "CheckoutBudgetBurn did not fire within 1 min",
    )


def stalling(lab: WorldLab, *, late_ms: float) -> Hurt:
    """Nobody is harmed but in the decoy's first two seconds, in which the machine stands still."""
    left = 2

    def feel(wanted: Wanted) -> Mapping[str, float]:
        nonlocal left
        stands = wanted["edge"].replicas == 3 and left > 0
        left -= stands
        lab.world.late_p99_ms = late_ms if stands else 2.0
        return dict.fromkeys(RATES, 1.0) if stands else {}

    return feel


def test_a_machine_that_stands_still_is_nobodys_harm(lab: WorldLab) -> None:
    """The load was late itself: what users felt in these seconds was not the decoy's doing."""
    lab.world.hurt = stalling(lab, late_ms=900.0)
    (decoy,) = of(prove(lab, scenario(CALM, LEFT_ALONE), only="decoy:run three edges"), "decoy")
    assert decoy.outcome is Grade.FAILED
    assert "it harms nobody" in decoy.said


def test_two_seconds_of_harm_are_harm(lab: WorldLab) -> None:
    """Where the load was on time, and everything was over before anybody looked."""
    lab.world.hurt = stalling(lab, late_ms=2.0)
    (decoy,) = of(prove(lab, scenario(CALM, LEFT_ALONE), only="decoy:run three edges"), "decoy")
    assert decoy.outcome is Grade.PASSED, decoy.said
