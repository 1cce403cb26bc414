"""Decisions: what follows from the state, the users' seconds and the pager; nothing else is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from labctl.engine.decide import Conclude, Decision, Disturb, Facts, Record, Rules, Trial, decide, hold_of
from labctl.engine.machine import Drill, Phase
from labctl.judge import ChallengeKind, Outcome, conclude
from labctl.slo.sli import Second
from tests.judge.traffic import OBJECTIVES, healthy, hurting, second

RESTART = Trial(ChallengeKind.RESTART, ignore_s=4.0)
NONE = Trial(ChallengeKind.NONE, ignore_s=0.0)
RULES = Rules(
    journey="checkout",
    threshold_s=1.0,
    objectives=OBJECTIVES,
    hold_s=30.0,
    page="CheckoutBudgetBurn",
    trials=(RESTART,),
    tolerated_shed={},
)
BROKEN = Drill(phase=Phase.RED, begun=0, injected=40, red=50, judged_from=50, fired_wall_s=1.0)
"""Red since second 50, and paged."""
HELD = replace(BROKEN, phase=Phase.HELD, held=80)
CHALLENGED = replace(HELD, phase=Phase.CHALLENGED, challenged=(82,))


def decided(
    drill: Drill,
    seconds: Sequence[Second],
    *,
    rules: Rules = RULES,
    firing: Mapping[str, float] | None = None,
) -> Decision | None:
    hold = hold_of(drill, seconds, rules)
    return decide(drill, Facts(seconds, seconds[-1].number + 7 if seconds else 1, firing or {}, hold), rules)


def record(decision: Decision | None, kind: str) -> Mapping[str, object]:
    assert isinstance(decision, Record)
    assert decision.kind == kind
    return decision.payload


def test_healthy_needs_every_journey_for_as_long_as_it_takes() -> None:
    """Ten seconds, and 150 requests of the rarest journey: six a second take 25."""
    baseline = Drill(phase=Phase.BASELINE)
    assert decided(baseline, healthy(24)) is None
    payload = record(decided(baseline, healthy(25)), "phase.green")
    assert (payload["second"], payload["seconds"], payload["journeys"]) == (25, 25, 3)


def test_what_innocent_changes_cost_is_no_part_of_the_baseline() -> None:
    """They are told as of long ago: a deploy that made a few requests late was not just now."""
    noise = [*hurting(3, failed=1), *healthy(24, first=4)]
    baseline = Drill(phase=Phase.BASELINE, quiet_wall_s=noise[2].wall_s)
    assert decided(baseline, noise) is None
    record(decided(baseline, [*noise, *healthy(1, first=28)]), "phase.green")


def test_a_page_that_fires_is_no_healthy_shop() -> None:
    """Whoever is paged already could not tell this incident from that one."""
    baseline = Drill(phase=Phase.BASELINE)
    assert decided(baseline, healthy(25), firing={"HomeBudgetBurn": 1.0}) is None


def test_a_hurt_shop_is_not_healthy() -> None:
    """Whichever journey it is."""
    assert decided(Drill(phase=Phase.BASELINE), hurting(40, journey="order-status", failed=1)) is None


def test_the_fault_is_in_only_when_the_drill_says_so() -> None:
    """Between green and the injection nothing is decided, whatever users feel."""
    assert decided(Drill(phase=Phase.GREEN), hurting(40)) is None


def test_red_is_the_first_second_after_the_fault_at_which_users_are_hurt() -> None:
    """4 of 12 fail: after two seconds more than three failures and 5 % of the last ten seconds."""
    injected = Drill(phase=Phase.INJECTED, injected=40)
    seconds = [*healthy(42), *hurting(3, first=43)]
    payload = record(decided(injected, seconds), "phase.red")
    assert (payload["second"], payload["journey"], payload["took_s"]) == (44, "checkout", 4)
    assert payload["failed_share"] == pytest.approx(8 / 48)


def test_red_before_the_fault_is_not_the_fault_s() -> None:
    """A burst that was over before it does not count, and another journey's pain does not either."""
    injected = Drill(phase=Phase.INJECTED, injected=40)
    assert decided(injected, [*hurting(5, first=20), *healthy(20, first=25)]) is None
    assert decided(injected, [*healthy(40), *hurting(5, first=41, journey="product")]) is None


@pytest.mark.parametrize("phase", [Phase.INJECTED, Phase.RED])
def test_the_page_is_noted_once_and_by_its_name(phase: Phase) -> None:
    """With the time at which it began to fire, which may be before red was seen."""
    drill = replace(BROKEN, phase=phase, fired_wall_s=None)
    seconds = hurting(60)
    payload = record(decided(drill, seconds, firing={"CheckoutBudgetBurn": 7.5}), "page.fired")
    assert (payload["alert"], payload["fired_wall_s"]) == ("CheckoutBudgetBurn", 7.5)
    other = decided(drill, seconds, firing={"CartBudgetBurn": 7.5})
    assert not (isinstance(other, Record) and other.kind == "page.fired")
    silent = replace(RULES, page=None)
    unpaged = decided(drill, seconds, firing={"CheckoutBudgetBurn": 7.5}, rules=silent)
    assert not (isinstance(unpaged, Record) and unpaged.kind == "page.fired")
    assert decided(BROKEN, seconds, firing={"CheckoutBudgetBurn": 7.5}) is None


def test_the_hold_is_complete_after_thirty_green_seconds_since_red() -> None:
    """Green seconds from before do not count towards it."""
    assert decided(BROKEN, [*healthy(50), *healthy(29, first=51)]) is None
    payload = record(decided(BROKEN, healthy(80)), "phase.held")
    assert (payload["first"], payload["second"]) == (51, 80)
    assert "held 30 s of 30 s" in str(payload["said"])


DRILL = replace(BROKEN, mode="drill")
CLAIMED = replace(DRILL, claimed=90)


def test_a_drill_s_hold_waits_for_its_claim() -> None:
    """However long it is complete; a proof's does not wait."""
    assert decided(DRILL, healthy(300)) is None
    record(decided(CLAIMED, healthy(90)), "phase.held")
    for mode in ("verify", "demo"):
        record(decided(replace(BROKEN, mode=mode), healthy(80)), "phase.held")


def test_a_claim_waits_while_the_hold_can_still_be_completed() -> None:
    """Well since the claim: thirty seconds are wanted, and waited for."""
    pain = [*healthy(50), *hurting(40, first=51)]
    assert decided(CLAIMED, [*pain, *healthy(29, first=91)]) is None
    record(decided(CLAIMED, [*pain, *healthy(30, first=91)]), "phase.held")


def test_a_claim_while_users_are_hurt_fails_after_ten_seconds() -> None:
    """Nine could be the end of it."""
    pain = [*healthy(50), *hurting(40, first=51)]
    assert decided(CLAIMED, [*pain, *hurting(9, first=91)]) is None
    decision = decided(CLAIMED, [*pain, *hurting(10, first=91)])
    assert isinstance(decision, Conclude)
    assert str(conclude(decision.hold, decision.challenges).outcome) == "not restored"


def test_a_claim_is_not_judged_on_a_late_load_while_more_seconds_may_settle_it() -> None:
    """Plainly hurt, but for too few seconds in which the load was on time: a few more make a verdict."""
    before = [
        *healthy(50),
        *[second(number, failed={"checkout": 12}, late_p99_ms=80.0) for number in (51, 52)],
    ]
    decisions = [
        decided(replace(CLAIMED, claimed=50), [*before, *hurting(n, first=53)]) for n in range(1, 11)
    ]
    assert decisions[:9] == [None] * 9
    decision = decisions[9]
    assert isinstance(decision, Conclude)
    assert str(conclude(decision.hold, decision.challenges).outcome) == "not restored"


def test_a_claim_fails_once_the_hold_cannot_complete_in_time() -> None:
    """Hurt now and then, never for ten seconds: thirty seconds beyond the hold are enough."""
    flaps = [second(number, failed={"checkout": 8} if number % 9 == 0 else None) for number in range(91, 151)]
    decisions = [decided(CLAIMED, [*healthy(50), *hurting(40, first=51), *flaps[:n]]) for n in range(1, 61)]
    failed = next(n for n, decision in enumerate(decisions, start=1) if isinstance(decision, Conclude))
    assert 10 <= failed <= 40
    assert not any(isinstance(decision, Record) for decision in decisions)


def test_what_came_back_after_it_was_well_is_masked() -> None:
    """The claim is judged on everything since the last verdict."""
    seconds = [*healthy(50), *hurting(10, first=51), *healthy(25, first=61), *hurting(20, first=86)]
    decision = decided(CLAIMED, seconds)
    assert isinstance(decision, Conclude)
    assert str(conclude(decision.hold, decision.challenges).outcome) == "masked"


def test_who_goes_on_working_after_the_claim_is_judged_by_that() -> None:
    """Seconds before a later change say nothing against the claim."""
    working = replace(CLAIMED, acting="l1", acted_wall_s=second(115).wall_s)
    pain = [*healthy(50), *hurting(65, first=51)]
    assert decided(working, [*pain, *healthy(20, first=116)]) is None
    record(decided(working, [*pain, *healthy(30, first=116)]), "phase.held")


def test_a_learner_is_shown_a_healthy_shop_for_ten_seconds() -> None:
    """Fifty requests of each journey suffice where nothing is to be proven."""
    baseline = Drill(phase=Phase.BASELINE, mode="drill")
    assert decided(baseline, healthy(9)) is None
    record(decided(baseline, healthy(10)), "phase.green")


def test_seconds_that_began_before_a_change_ended_do_not_count() -> None:
    """Thirty green seconds, but the last change was over five seconds ago."""
    over = replace(BROKEN, acting="l1", acted_wall_s=second(75).wall_s)
    assert decided(over, healthy(80)) is None
    payload = record(decided(over, healthy(105)), "phase.held")
    assert (payload["first"], payload["second"]) == (76, 105)


def test_a_complete_hold_is_tried() -> None:
    """By the first trial, whatever has happened since; nothing more until that has been put."""
    assert decided(HELD, [*healthy(80), *hurting(3, first=81)]) == Disturb(0)


def test_a_trial_is_judged_on_fresh_seconds_only() -> None:
    """Four seconds after it are ignored; then fifteen, and 150 requests each, which takes 25."""
    assert decided(CHALLENGED, healthy(86 + 24)) is None
    decision = decided(CHALLENGED, healthy(86 + 25))
    assert isinstance(decision, Conclude)
    assert [second.number for second in decision.challenges[0].seconds] == [*range(87, 112)]


def test_the_hold_that_is_concluded_is_the_one_that_was_complete() -> None:
    """Seconds of the challenge are not its own: the restart's pain is the challenge's matter."""
    seconds = [*healthy(82), *hurting(4, first=83), *healthy(40, first=87)]
    decision = decided(CHALLENGED, seconds)
    assert isinstance(decision, Conclude)
    assert (decision.hold.complete, decision.hold.seconds[-1].number) == (True, 80)
    assert str(conclude(decision.hold, decision.challenges).outcome) == "mitigated"


def test_pain_after_the_ignored_seconds_is_masked() -> None:
    """It came back with the restart."""
    decision = decided(CHALLENGED, [*healthy(82), *hurting(40, first=83)])
    assert isinstance(decision, Conclude)
    assert str(conclude(decision.hold, decision.challenges).outcome) == "masked"


def test_several_trials_come_one_after_the_other() -> None:
    """The second is put when the first one's window is full; one of kind none needs no seconds."""
    two = replace(RULES, trials=(RESTART, NONE))
    assert decided(CHALLENGED, healthy(100), rules=two) is None
    assert decided(CHALLENGED, healthy(111), rules=two) == Disturb(1)
    both = replace(CHALLENGED, challenged=(82, 112))
    assert isinstance(decided(both, healthy(112), rules=two), Conclude)


def test_a_fix_may_say_what_it_does_not_survive() -> None:
    """The same rules, and only that trial is forgiven."""
    rules = replace(RULES, trials=(RESTART, Trial(ChallengeKind.REPLAY, 20.0)))
    forgiven = rules.surviving(lambda kind: kind is ChallengeKind.REPLAY)
    assert [trial.must_survive for trial in forgiven.trials] == [False, True]


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.MITIGATED, Phase.ENDED])
def test_what_is_over_needs_no_decision(phase: Phase) -> None:
    """Nothing follows any more."""
    assert decided(replace(BROKEN, phase=phase), healthy(200), firing={"CheckoutBudgetBurn": 1.0}) is None


JUDGEMENT = replace(RULES, judgement=True, trials=())
OPEN = Drill(phase=Phase.RED, mode="drill", injected=40, judged_from=40, fired_wall_s=1.0)
"""A drill of judgement since second 40; nobody was hurt, and it has paged."""


def test_a_judgement_opens_when_nobody_can_be_called_hurt() -> None:
    """Ten seconds after the fault; a proof of it watches by itself."""
    injected = Drill(phase=Phase.INJECTED, mode="drill", injected=40, fired_wall_s=1.0)
    assert decided(injected, healthy(49), rules=JUDGEMENT) is None
    assert record(decided(injected, healthy(50), rules=JUDGEMENT), "phase.calm")["second"] == 50
    assert decided(replace(injected, mode="verify"), healthy(50), rules=JUDGEMENT) is None
    assert decided(injected, healthy(50)) is None


def test_in_judgement_harm_is_anybodys_and_noted_once() -> None:
    """Not only that of the journey which the scenario names."""
    harmed = [*healthy(60), *hurting(5, first=61, journey="product")]
    payload = record(decided(OPEN, harmed, rules=JUDGEMENT), "phase.red")
    assert payload["journey"] == "product"
    assert decided(replace(OPEN, red=62), harmed, rules=JUDGEMENT) is None
    assert decided(OPEN, harmed) is None


def test_in_judgement_nothing_done_and_nothing_said_is_no_claim() -> None:
    """Answered at once; a word or a deed makes it one."""
    claimed = replace(OPEN, claimed=90)
    refused = decided(claimed, healthy(90), rules=JUDGEMENT)
    assert isinstance(refused, Conclude)
    assert conclude(refused.hold, problems=refused.problems).outcome is Outcome.COULD_NOT_JUDGE
    for judged in (replace(claimed, told=True), replace(claimed, acting="l1", acted_wall_s=50.0)):
        record(decided(judged, healthy(90), rules=JUDGEMENT), "phase.held")
