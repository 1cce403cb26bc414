"""The hold: how it grows, what breaks it, and what it says."""

from __future__ import annotations

import pytest
from tests.judge.traffic import OBJECTIVES, RATES, healthy, hurting, second

from labctl.judge import Hold
from labctl.slo.sli import Second


def hold(*seconds: Second, required_s: float = 30, after: int = 0) -> Hold:
    return Hold(required_s, OBJECTIVES, start_after=after).feed_all(seconds)


def test_it_is_complete_after_the_required_seconds_and_not_one_before() -> None:
    """29 s are not 30 s."""
    assert not hold(*healthy(29)).complete
    assert hold(*healthy(30)).complete


def test_nothing_before_its_start_counts() -> None:
    """Good traffic from before the mitigation is no credit, bad traffic no burden."""
    seconds = [*hurting(50, failed=12), *healthy(30, first=51)]
    assert hold(*seconds, after=50).complete
    assert not hold(*healthy(60), after=31).complete


def test_it_explains_itself_in_numbers() -> None:
    """Held against required, and the journeys that miss their objective, the worst first."""
    seconds = [*hurting(16), *healthy(14, first=17)]
    assert hold(*seconds).explain() == "held 14 s of 30 s; checkout 82.2 % of 99 %"


def test_three_stray_failures_do_not_break_it() -> None:
    """Three failures in a window are forgiven, a fourth of 360 is not."""
    stray = [second(n, failed={"checkout": 1 if n in {5, 15, 25} else 0}) for n in range(1, 31)]
    assert hold(*stray).complete
    fourth = [*stray[:-1], second(30, failed={"checkout": 1})]
    assert not hold(*fourth).complete
    assert hold(*fourth).held_s == 25


def test_it_waits_until_every_journey_has_150_requests() -> None:
    """10 s are long enough for checkout at 12/s only with 13 s; order status needs 25."""
    short = hold(*healthy(24), required_s=10)
    assert not short.complete
    assert short.explain() == "held 24 s of 10 s; order-status had 144 requests of 150 needed"
    assert hold(*healthy(25), required_s=10).complete


def test_an_extended_window_judges_all_that_it_holds() -> None:
    """What was bad in the seconds that were needed for 150 requests counts."""
    seconds = [*hurting(5), *healthy(19, first=6)]
    assert not hold(*seconds, required_s=10).complete
    assert hold(*seconds, *healthy(6, first=25), required_s=10).complete


def test_a_completed_hold_can_be_lost() -> None:
    """It says what is true now, not what once was."""
    won = hold(*healthy(30))
    lost = won.feed_all(hurting(10, first=31))
    assert (won.complete, lost.complete, lost.came_back, lost.best_s) == (True, False, True, 30)
    assert lost.explain().startswith("came back after 30 s; held 0 s of 30 s; checkout")


def test_five_good_seconds_and_red_again_is_came_back() -> None:
    """A restart that helps for a moment is remembered as that."""
    assert hold(*hurting(5), *healthy(6, first=6), *hurting(6, first=12)).came_back
    assert not hold(*hurting(5), *healthy(3, first=6), *hurting(6, first=9)).came_back
    assert not hold(*hurting(60)).came_back


def test_a_new_hold_starts_with_nothing() -> None:
    """Every change to the lab starts it over, under the same rules."""
    again = hold(*healthy(30), *hurting(10, first=31)).restarted(after=40)
    assert (again.held_s, again.best_s, again.came_back, again.seconds) == (0, 0, False, ())
    assert again.feed_all(healthy(30, first=41)).complete


def test_a_gap_keeps_it_open_until_it_has_left_the_window() -> None:
    """Seconds that nobody saw were not held."""
    broken = hold(*healthy(20), *healthy(28, first=23))
    assert not broken.complete
    assert "seconds 21–22 are missing" in broken.explain()
    assert broken.feed_all(healthy(2, first=51)).complete


def test_the_engines_own_reset_is_left_out() -> None:
    """Excluded seconds neither count as held nor break it."""
    seconds = [*healthy(20), *hurting(2, first=21, failed=12), *healthy(9, first=23)]
    excluding = Hold(30, OBJECTIVES, excluded=(range(21, 23),))
    assert not excluding.feed_all(seconds).complete
    assert excluding.feed_all([*seconds, second(32)]).complete


@pytest.mark.parametrize("journey", sorted(RATES))
def test_every_journey_must_be_green(journey: str) -> None:
    """A mitigation that hurts other users is none."""
    assert not hold(*hurting(40, journey=journey, failed=2)).complete


def test_silence_is_never_held() -> None:
    """No requests, no seconds, no objectives: nothing to pass with."""
    silent = [second(n, due=dict.fromkeys(RATES, 0)) for n in range(1, 61)]
    assert (hold(*silent).held_s, hold(*silent).complete) == (0, False)
    assert not hold().complete
    assert not Hold(30, {}).feed_all(healthy(60)).complete


def test_a_hold_of_no_length_is_never_complete() -> None:
    """A required hold of 0 s would prove nothing."""
    assert not hold(*healthy(60), required_s=0).complete
