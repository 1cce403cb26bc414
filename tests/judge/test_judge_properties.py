"""Laws of the judge that hold for every stretch of traffic."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.judge.traffic import OBJECTIVES, RATES

from labctl.judge import Colour, Hold, Outcome, conclude, read, red_now
from labctl.slo.sli import Second, Tally

RANK = {Colour.GREEN: 0, Colour.THIN: 1, Colour.UNKNOWN: 1, Colour.RED: 2}


@st.composite
def tallies(draw: st.DrawFn, rate: int) -> Tally:
    bad = draw(st.sampled_from([0, 0, 0, 0, 0, 1, rate // 2, rate]))
    return Tally(due=rate, good=rate - bad, bad=bad)


@st.composite
def stretches(draw: st.DrawFn, longest: int = 45) -> list[Second]:
    """Up to 45 s of traffic in which any journey may fail in any second."""
    count = draw(st.integers(0, longest))
    return [
        Second(
            number=n,
            wall_s=float(n),
            journeys={name: draw(tallies(rate)) for name, rate in RATES.items()},
            expected={name: float(rate) for name, rate in RATES.items()},
            late_p99_ms=1.0,
        )
        for n in range(1, count + 1)
    ]


def worsened(seconds: list[Second], index: int, journey: str) -> list[Second]:
    """The same traffic with one good request turned bad, if there is one."""
    hurt = seconds[index].journeys[journey]
    if not hurt.good:
        return seconds
    tally = replace(hurt, good=hurt.good - 1, bad=hurt.bad + 1)
    changed = replace(seconds[index], journeys={**seconds[index].journeys, journey: tally})
    return [*seconds[:index], changed, *seconds[index + 1 :]]


@settings(max_examples=60, deadline=None)
@given(stretches().filter(bool), st.data())
def test_one_more_failure_never_improves_anything(seconds: list[Second], data: st.DataObject) -> None:
    """Colour, hold and verdict can only get worse when one more user fails."""
    index = data.draw(st.integers(0, len(seconds) - 1))
    journey = data.draw(st.sampled_from(sorted(RATES)))
    worse = worsened(seconds, index, journey)
    assert RANK[read(worse, OBJECTIVES).colour] >= RANK[read(seconds, OBJECTIVES).colour]
    assert red_now(worse, journey) >= red_now(seconds, journey)
    before, after = (Hold(30, OBJECTIVES).feed_all(each) for each in (seconds, worse))
    assert after.held_s <= before.held_s
    assert after.complete <= before.complete


@settings(max_examples=40, deadline=None)
@given(stretches())
def test_mitigated_means_a_full_window_within_the_allowance(seconds: list[Second]) -> None:
    """Recount by hand what the verdict rests on."""
    hold = Hold(30, OBJECTIVES).feed_all(seconds)
    if conclude(hold).outcome is Outcome.MITIGATED:
        window = seconds[-30:]
        assert len(window) == 30
        for name in OBJECTIVES:
            failed = sum(second.journeys[name].failed for second in window)
            assert failed <= max(3, 0.01 * sum(second.journeys[name].due for second in window))


@settings(max_examples=40, deadline=None)
@given(stretches(), st.sets(st.sampled_from(sorted(RATES)), min_size=1))
def test_without_data_nothing_passes(seconds: list[Second], silent: set[str]) -> None:
    """Take all requests of any journey away, and no stretch is green."""
    muted = [
        replace(second, journeys={n: Tally() if n in silent else t for n, t in second.journeys.items()})
        for second in seconds
    ]
    assert read(muted, OBJECTIVES).colour is not Colour.GREEN
    assert conclude(Hold(30, OBJECTIVES).feed_all(muted)).outcome is not Outcome.MITIGATED


@settings(max_examples=40, deadline=None)
@given(stretches(longest=10), st.randoms())
def test_the_order_within_ten_seconds_does_not_matter(seconds: list[Second], random: Random) -> None:
    """Colour is a matter of counts: shuffle who suffered when, and it stays."""
    order = random.sample(range(len(seconds)), len(seconds))
    shuffled = [
        replace(second, journeys=seconds[other].journeys)
        for second, other in zip(seconds, order, strict=True)
    ]
    assert read(shuffled, OBJECTIVES, min_due=10) == read(seconds, OBJECTIVES, min_due=10)


@settings(max_examples=40, deadline=None)
@given(stretches(), st.integers(0, 45))
def test_a_hold_is_the_same_however_the_seconds_arrive(seconds: list[Second], cut: int) -> None:
    """Fed at once, in two parts or by a resumed driver: one fold, one result."""
    empty = Hold(30, OBJECTIVES)
    assert empty.feed_all(seconds[:cut]).feed_all(seconds[cut:]) == empty.feed_all(seconds)
