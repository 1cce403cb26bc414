"""A drill of judgement: users are well and somebody calls; letting it be, right and wrong are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import demo as showing
from labctl import drill as drilling
from labctl.actions.base import Step
from labctl.engine import phases
from labctl.engine.machine import Phase
from labctl.errors import CouldNotJudge, UsageError
from labctl.judge import InvariantResult, Outcome, Verdict
from labctl.lab.reach import Alert
from labctl.oncall import moves
from labctl.scenario.model import Scenario
from labctl.stack.wanted import Wanted
from tests.engine import world
from tests.engine.test_drill import (
    ROLL_BACK,
    Killed,
    Left,
    at,
    claims,
    does,
    killed_at,
    kinds,
    leaves,
    paged,
    verdicts,
)
from tests.engine.world import Deed, WorldLab, scenario

CALM = ("hold: 30s", "judgement: true\nhold: 30s")
TRUE = ("hints:", "invariants:\n  - {say: everything is settled, sql: select 1, equals: 1}\nhints:")
BY_A_HUMAN = ("page: CheckoutBudgetBurn}", "page: none}\npage: The head of the shop wants it rolled back.")
WHY = "Checkout answers within half of its promise; nothing is to be done."
HARM: Step = {"scale": {"component": "edge", "replicas": 3}}
MEND: Step = {"scale": {"component": "edge", "replicas": 1}}
STOP: Step = {"flag": {"name": "maintenance", "value": "on"}}


def unharmed(wanted: Wanted) -> dict[str, float]:
    """The release looks bad and is not; three edges take each other's connections."""
    return {"home": 0.5} if wanted["edge"].replicas == 3 else {}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    """Users are well whatever checkout runs, and the pager goes off all the same."""
    made = world.build(tmp_path, monkeypatch)
    made.world.hurt = unharmed

    def alerts() -> list[Alert]:
        fires = made.world.pages and made.wanted()["checkout"].release == "2.4.0"
        page = Alert("CheckoutBudgetBurn", "active", {"severity": "page"}, {}, made.clock.wall())
        return [page] if fires else []

    def measure(_: object, each: object) -> InvariantResult:
        stopped = made.wanted().flags.get("maintenance") == "on"
        return InvariantResult(getattr(each, "say", ""), "1", "0" if stopped else "1")

    monkeypatch.setattr(made.world, "alerts", alerts)
    monkeypatch.setattr(phases, "measure", measure)
    return made


def run(lab: WorldLab, chosen: Scenario | None = None) -> Verdict:
    verdict = drilling.drill(lab, chosen or scenario(CALM, TRUE), clock=lab.clock, quiet_s=0.0)
    assert verdict is not None
    return verdict


def says(lab: WorldLab) -> None:
    """Whoever is on call tells why, once they were called and could see how users are."""
    lab.world.deeds.append(
        Deed(lambda: called(lab) and at(lab).phase is Phase.RED, lambda: moves.say(lab, WHY))
    )


def called(lab: WorldLab) -> bool:
    return "page.fired" in kinds(lab) or "page.told" in kinds(lab)


def test_leaving_it_alone_with_reason_is_right(lab: WorldLab) -> None:
    """Said and claimed: users stay well as long as a hold takes. Nothing was ever red, or challenged."""
    says(lab)
    claims(lab, when=lambda: at(lab).told)
    verdict = run(lab)
    assert (verdict.outcome, verdict.durable) == (Outcome.MITIGATED, True)
    assert "held 30 s of 30 s" in verdict.reasons[0]
    told = [
        kind for kind in kinds(lab) if kind.split(".")[0] in ("drill", "phase", "page", "resolve", "verdict")
    ]
    assert told == [
        "drill.begun",
        "phase.green",
        "phase.injected",
        "page.fired",
        "phase.calm",
        "resolve.claimed",
        "phase.held",
        "verdict",
        "drill.ended",
    ]


def test_leaving_it_alone_without_a_word_is_no_judgement(lab: WorldLab) -> None:
    """The claim is answered at once with what is missing; said and claimed again, it is judged."""
    claims(lab, when=paged(lab))
    lab.world.deeds.append(Deed(lambda: bool(verdicts(lab)), lambda: moves.say(lab, WHY)))
    claims(lab, when=lambda: at(lab).told)
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["could not judge", "mitigated"]
    (first, *_) = [event for event in lab.journal.read() if event.kind == "verdict"]
    assert "nobody was told why it may be left alone (labctl say)" in first.payload["reasons"][0]


def test_a_right_way_needs_no_words(lab: WorldLab) -> None:
    """What was done speaks for itself, and holds from there on."""
    does(lab, ROLL_BACK, when=paged(lab))
    claims(lab)
    assert run(lab).outcome is Outcome.MITIGATED
    assert "phase.red" not in kinds(lab)


@pytest.mark.parametrize("later_s", [2, 20], ids=["at once", "once it is open"])
def test_a_wrong_way_hurts_and_is_not_accepted_until_it_is_mended(lab: WorldLab, later_s: int) -> None:
    """Whichever journey it hurts; that somebody was told changes nothing about it."""
    says(lab)
    does(lab, HARM, when=paged(lab, later_s=later_s))
    claims(lab)
    does(lab, MEND, when=lambda: bool(verdicts(lab)))
    claims(lab, when=lambda: lab.wanted()["edge"].replicas == 1 and bool(verdicts(lab)))
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["not restored", "mitigated"]
    (red,) = [event.payload for event in lab.journal.read() if event.kind == "phase.red"]
    assert red["journey"] == "home"
    assert lab.world.seconds[red["second"] - 1].wall_s > at(lab).injected_wall_s


def test_a_wrong_way_may_hurt_the_data_alone(lab: WorldLab) -> None:
    """No user feels it, and the invariant says so."""
    does(lab, STOP, when=paged(lab))
    claims(lab)
    does(lab, {"flag": {"name": "maintenance", "value": "off"}}, when=lambda: bool(verdicts(lab)))
    claims(lab, when=lambda: "maintenance" not in lab.wanted().flags and bool(verdicts(lab)))
    assert run(lab).outcome is Outcome.MITIGATED
    assert verdicts(lab) == ["not restored", "mitigated"]
    (first, *_) = [event for event in lab.journal.read() if event.kind == "verdict"]
    assert "invariant 'everything is settled': measured 0, required 1" in first.payload["reasons"]


def test_a_human_may_ask_for_action_where_no_alert_fires(lab: WorldLab) -> None:
    """They speak once nobody can be said to be hurt, and not before."""
    lab.world.pages = False
    says(lab)
    claims(lab, when=lambda: at(lab).told)
    assert run(lab, scenario(CALM, TRUE, BY_A_HUMAN)).outcome is Outcome.MITIGATED
    events = {event.kind: event for event in lab.journal.read()}
    assert events["page.told"].payload["text"] == "The head of the shop wants it rolled back."
    assert events["page.told"].seq > events["phase.calm"].seq
    assert "page.fired" not in events


def test_without_anybody_it_goes_on(lab: WorldLab) -> None:
    """Users are well for two minutes and the hold is complete; nobody claims it, so nothing is judged."""
    leaves(lab)
    with pytest.raises(Left):
        run(lab)
    assert (at(lab).phase, at(lab).red, verdicts(lab)) == (Phase.RED, 0, [])


def test_what_hurts_already_is_no_judgement(lab: WorldLab) -> None:
    """Exit 3: nobody could leave that alone."""
    lab.world.hurt = world.pool_shrunk
    with pytest.raises(CouldNotJudge, match="what is to be judged hurts users already: red"):
        run(lab)


def test_an_alert_that_does_not_fire_calls_nobody(lab: WorldLab) -> None:
    """Exit 3, and nobody waits for ever."""
    lab.world.pages = False
    with pytest.raises(CouldNotJudge, match="CheckoutBudgetBurn does not fire within 1 min"):
        run(lab)


@pytest.mark.parametrize("kind", ["phase.injected", "phase.calm", "page.fired", "phase.held"])
def test_a_killed_driver_s_drill_goes_on(lab: WorldLab, kind: str) -> None:
    """The next one finds from the journal alone that users are to stay well."""
    says(lab)
    claims(lab, when=lambda: at(lab).told)
    with pytest.raises(Killed):
        drilling.drill(lab, scenario(CALM, TRUE), clock=lab.clock, quiet_s=0.0, on_event=killed_at(kind))
    assert run(lab).outcome is Outcome.MITIGATED
    for once in ("drill.begun", "phase.injected", "phase.calm", "page.fired", "phase.held", "verdict"):
        assert kinds(lab).count(once) == 1, once


def test_a_script_has_nothing_to_show(lab: WorldLab) -> None:
    """Refused before anything is broken, with what to type instead."""
    with pytest.raises(UsageError, match="a matter of judgement") as caught:
        showing.demo(lab, scenario(CALM), clock=lab.clock, on_event=lambda _: None, say=lambda _: None)
    assert caught.value.hint == "labctl drill checkout-03"
    assert "drill.begun" not in kinds(lab)
