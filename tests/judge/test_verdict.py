"""The verdict: each outcome, and the reasons that it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.judge.traffic import OBJECTIVES, RATES, healthy, hurting, second

from labctl.judge import Challenge, ChallengeKind, Colour, Hold, InvariantResult, Outcome, conclude
from labctl.slo.sli import Second

GOOD = InvariantResult("paid orders were charged", expected="0", measured="0")
BROKEN = InvariantResult("paid orders were charged", expected="0", measured="3")
UNREADABLE = InvariantResult("paid orders were charged", expected="0", error="connection refused")


def hold(*seconds: Second) -> Hold:
    return Hold(30, OBJECTIVES).feed_all(seconds)


def challenge(*seconds: Second, must_survive: bool = True) -> Challenge:
    return Challenge(
        ChallengeKind.RESTART, OBJECTIVES, after=30, ignore_s=2.0, must_survive=must_survive
    ).feed_all(seconds)


HELD = hold(*healthy(30))
PASSED = challenge(*healthy(40, first=31))
FAILED_SECONDS = [*healthy(2, first=31), *hurting(40, first=33)]


def test_held_and_survived_is_mitigated_and_durable() -> None:
    """The only way to the best verdict."""
    verdict = conclude(HELD, [PASSED], [GOOD])
    assert (verdict.outcome, verdict.durable) == (Outcome.MITIGATED, True)
    assert (verdict.first, verdict.last, len(verdict.journeys)) == (1, 30, 3)


def test_where_the_hold_is_the_test_no_challenge_is_needed() -> None:
    """A challenge of kind none asks for nothing."""
    none = Challenge(ChallengeKind.NONE, OBJECTIVES, after=30, ignore_s=0)
    assert conclude(HELD, [none]).durable
    assert conclude(HELD).outcome is Outcome.MITIGATED


def test_a_fix_that_does_not_survive_is_masked() -> None:
    """It came back as soon as the lab was touched."""
    verdict = conclude(HELD, [challenge(*FAILED_SECONDS)])
    assert (verdict.outcome, verdict.durable) == (Outcome.MASKED, False)
    assert "challenge restart" in verdict.reasons[1]


def test_a_fix_that_openly_does_not_last_is_mitigated_and_says_so() -> None:
    """Not durable is declared per fix, and shown."""
    verdict = conclude(HELD, [challenge(*FAILED_SECONDS, must_survive=False)])
    assert (verdict.outcome, verdict.durable) == (Outcome.MITIGATED, False)
    assert str(verdict).startswith("mitigated, not durable: held 30 s of 30 s")


def test_several_faults_need_all_their_challenges() -> None:
    """One that is survived does not make up for another."""
    assert conclude(HELD, [PASSED, challenge(*FAILED_SECONDS)]).outcome is Outcome.MASKED


def test_an_unfinished_challenge_is_no_pass() -> None:
    """No data is never a pass."""
    assert conclude(HELD, [challenge(*healthy(10, first=31))]).outcome is Outcome.COULD_NOT_JUDGE
    assert conclude(HELD, [challenge()]).outcome is Outcome.COULD_NOT_JUDGE


def test_a_challenge_cut_short_is_no_pass_however_many_requests_it_saw() -> None:
    """Enough requests do not make up for seconds that were not waited for."""
    longer = replace(challenge(), fresh_s=40.0).feed_all(healthy(32, first=31))
    assert longer.reading.colour is Colour.GREEN
    assert conclude(HELD, [longer]).outcome is Outcome.COULD_NOT_JUDGE


def test_not_held_is_not_restored() -> None:
    """The reason says how long it held and who still suffers."""
    verdict = conclude(hold(*hurting(16), *healthy(14, first=17)), (), [GOOD])
    assert verdict.outcome is Outcome.NOT_RESTORED
    assert verdict.reasons == ("held 14 s of 30 s; checkout 82.2 % of 99 %",)


def test_came_back_is_masked() -> None:
    """Green for a while and red again is worse than never green: it deceives."""
    verdict = conclude(hold(*healthy(20), *hurting(15, first=21)))
    assert verdict.outcome is Outcome.MASKED
    assert verdict.reasons[0].startswith("came back after 20 s")


def test_a_broken_invariant_is_not_restored_however_green_users_are() -> None:
    """Measured against required, in the words of the scenario."""
    verdict = conclude(HELD, [PASSED], [BROKEN])
    assert verdict.outcome is Outcome.NOT_RESTORED
    assert verdict.reasons[-1] == "invariant 'paid orders were charged': measured 3, required 0"


def test_an_unreadable_invariant_while_green_could_not_be_judged() -> None:
    """While users suffer it changes nothing; while they are happy it leaves a doubt."""
    assert conclude(HELD, [PASSED], [UNREADABLE]).outcome is Outcome.COULD_NOT_JUDGE
    assert conclude(hold(*hurting(40)), (), [UNREADABLE]).outcome is Outcome.NOT_RESTORED


def test_an_unreadable_invariant_does_not_hide_that_it_came_back() -> None:
    """What keeps users from being served keeps the judge from reading, too."""
    assert conclude(HELD, [challenge(*FAILED_SECONDS)], [UNREADABLE]).outcome is Outcome.MASKED
    stopgap = challenge(*FAILED_SECONDS, must_survive=False)
    assert conclude(HELD, [stopgap], [UNREADABLE]).outcome is Outcome.COULD_NOT_JUDGE


@pytest.mark.parametrize(
    "seconds",
    [
        [],
        [*healthy(10), *healthy(10, first=13)],
        [second(n, late_p99_ms=80.0) for n in range(1, 41)],
        [second(n, due={"checkout": 8}) for n in range(1, 41)],
        [second(n, due=dict.fromkeys(RATES, 0)) for n in range(1, 41)],
    ],
    ids=["nothing", "gap", "late load", "few arrivals", "silence"],
)
def test_evidence_that_is_missing_could_not_be_judged(seconds: list[Second]) -> None:
    """Neither a pass nor a blame."""
    assert conclude(hold(*seconds), [PASSED], [GOOD]).outcome is Outcome.COULD_NOT_JUDGE


def test_problems_that_only_the_caller_sees_count() -> None:
    """A full disk or a dead load process ends in could not judge, with the reason."""
    verdict = conclude(HELD, [PASSED], [GOOD], problems=["the disk is full"])
    assert (verdict.outcome, verdict.reasons[0]) == (Outcome.COULD_NOT_JUDGE, "the disk is full")


def test_happy_but_too_few_users_could_not_be_judged() -> None:
    """30 s without a failure at 4/s are 120 requests, not 150."""
    objectives = {"checkout": 0.99}
    seconds = [
        Second(n, float(n), {"checkout": healthy(1)[0].journeys["order-status"]}, {"checkout": 6.0}, 1.0)
        for n in range(1, 21)
    ]
    verdict = conclude(Hold(20, objectives).feed_all(seconds))
    assert verdict.outcome is Outcome.COULD_NOT_JUDGE
    assert "checkout had 120 requests of 150 needed" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("do nothing", {"checkout": 4}),
        ("scale checkout to zero", {"checkout": 12, "order-status": 6}),
        ("maintenance", dict(RATES)),
    ],
)
def test_universal_decoys_are_never_mitigated(name: str, failed: dict[str, int]) -> None:
    """Whatever the trick, users who fail are counted (`name` is for the reader)."""
    assert (
        conclude(hold(*[second(n, failed=failed) for n in range(1, 121)])).outcome is Outcome.NOT_RESTORED
    ), name


def _partly_late(*, good_when_on_time: bool) -> Hold:
    """Thirty seconds, ten of them late; users fail in the late ones, and in the others unless told."""
    seconds = [
        second(n, late_p99_ms=80.0, failed={"checkout": 12})
        if n % 3 == 0
        else second(n, failed={} if good_when_on_time else {"checkout": 12})
        for n in range(1, 31)
    ]
    return Hold(required_s=30, objectives=OBJECTIVES).feed_all(seconds)


def test_users_who_suffer_also_while_the_load_is_on_time_are_not_restored() -> None:
    """Lateness may make a shop look bad; it does not where the punctual seconds alone are red."""
    assert conclude(_partly_late(good_when_on_time=False)).outcome is Outcome.NOT_RESTORED


def test_users_who_suffer_only_while_the_load_is_late_could_not_be_judged() -> None:
    """Then it may be the load that hurt them, and nobody knows."""
    assert conclude(_partly_late(good_when_on_time=True)).outcome is Outcome.COULD_NOT_JUDGE


SETTLING = [*hurting(6, failed=1), *healthy(27, first=7)]
"""The last failures of an incident; the hold is complete when just as many are left as are allowed."""


def test_the_margin_of_a_fix_is_what_its_challenge_left() -> None:
    """The hold's own window ends with its allowance just spent, whatever comes after."""
    settled = hold(*SETTLING)
    assert (settled.complete, hold(*SETTLING[:-1]).complete) == (True, False)
    assert min(each.margin for each in settled.reading.journeys) == 0
    assert conclude(settled, [PASSED]).margin == 1
    scratched = challenge(*hurting(1, first=33, failed=2), *healthy(40, first=34))
    assert conclude(settled, [PASSED, scratched]).margin == pytest.approx(1 / 3)


def test_without_a_challenge_the_margin_is_what_the_holds_second_half_left() -> None:
    """What came before the mitigation is behind it, and what a leak does lies in it."""
    none = Challenge(ChallengeKind.NONE, OBJECTIVES, after=30, ignore_s=0)
    assert conclude(hold(*SETTLING), [none]).margin == 1
    leaking = hold(*healthy(25), *hurting(1, first=26, failed=3), *healthy(4, first=27))
    assert conclude(leaking, [none]).margin == 0


def test_a_challenge_that_need_not_be_survived_takes_nothing_from_the_margin() -> None:
    """It is openly not durable; how well users are meanwhile is another question."""
    assert conclude(HELD, [challenge(*FAILED_SECONDS, must_survive=False)]).margin == 1


def test_what_is_not_mitigated_is_overdrawn() -> None:
    """By what the hold's window has too much of."""
    margin = conclude(hold(*hurting(30))).margin
    assert margin is not None
    assert margin < 0
