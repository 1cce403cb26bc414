"""A kept recording is judged, scored and told again as it was: in milliseconds, without a lab."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl import recording
from labctl.debrief.effects import Effect, deeds
from labctl.debrief.score import score
from labctl.engine.decide import Rules, hold_of
from labctl.engine.machine import fold
from labctl.judge import Outcome, conclude, first_red
from labctl.recording import Recording
from tests.debrief.drills import FIXTURES, TARGETS

RULES = Rules(
    journey="checkout",
    threshold_s=1.0,
    objectives=TARGETS,
    hold_s=30.0,
    page="CheckoutBudgetBurn",
    trials=(),
    tolerated_shed={},
)


@pytest.fixture(scope="module")
def kept() -> Recording:
    return recording.load(FIXTURES / "checkout-played.json")


def test_the_judge_reads_the_same_from_the_kept_seconds(kept: Recording) -> None:
    """Red when it was red, and the hold that was complete is complete again."""
    red, held = kept.of("phase.red")[0].payload, kept.of("phase.held")[0].payload
    drill = fold(event for event in kept.events if event.seq <= kept.of("phase.held")[0].seq)
    assert first_red(kept.seconds, "checkout", after=drill.injected) == red["second"]
    hold = hold_of(drill, [each for each in kept.seconds if each.number <= held["second"]], RULES)
    assert hold.complete
    assert hold.explain() == held["said"]
    assert conclude(hold).outcome is Outcome.MITIGATED


def test_a_second_less_is_no_hold(kept: Recording) -> None:
    """The same seconds without the last are not enough: nothing is rounded up."""
    held = kept.of("phase.held")[0]
    drill = fold(event for event in kept.events if event.seq <= held.seq)
    seconds = [each for each in kept.seconds if each.number < held.payload["second"]]
    assert conclude(hold_of(drill, seconds, RULES)).outcome is Outcome.NOT_RESTORED


def test_the_score_of_a_kept_drill_stays_what_it_was(kept: Recording) -> None:
    """A change to a formula is a change to this line, and to docs/debrief.md."""
    points = {each.name: round(each.points or 0, 1) for each in score(kept, TARGETS).parts}
    assert points == {
        "users spared": 24.9,
        "time to acknowledge": 10,
        "time to first update": 10,
        "time to mitigate": 15,
        "update cadence": 3.3,
        "harm by own changes": 7.9,
        "unneeded changes": 1,
        "evidence before the first change": 10,
        "hints": -5,
    }


def test_a_change_right_after_another_cannot_be_told(kept: Recording) -> None:
    """Within the same second users had no time to answer; nobody is blamed for it."""
    first = kept.of("change.begun")[2]
    again = [
        replace(event, payload={**event.payload, "id": "again"}, wall_s=event.wall_s + 1)
        for event in kept.events
        if event.payload.get("id") == first.payload["id"]
    ]
    events = sorted((*kept.events, *again), key=lambda event: event.wall_s)
    found = deeds(replace(kept, events=tuple(events)), TARGETS)
    assert Effect.UNCLEAR in {each.effect for each in found}


def test_fixtures_are_small() -> None:
    """Below 150 kB each."""
    sizes = {path.name: path.stat().st_size for path in FIXTURES.glob("*.json")}
    assert sizes
    assert all(size < 150_000 for size in sizes.values()), sizes
