"""The score is made of parts, each of which says what was measured, what it means, and its points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.debrief import score as scoring
from labctl.debrief.impact import impact
from labctl.debrief.moments import moments
from labctl.debrief.score import Part, Score, score
from labctl.lab.journal import Event
from labctl.recording import Recording
from tests.debrief.drills import TARGETS


def part(scored: Score, name: str) -> Part:
    return next(each for each in scored.parts if each.name == name)


def without(recording: Recording, *kinds: str) -> Recording:
    return replace(recording, events=tuple(each for each in recording.events if each.kind not in kinds))


def moved(recording: Recording, kind: str, after_page_s: float) -> Recording:
    """The same drill, with the first event of a kind so many seconds after the page, and no other of it."""
    first = recording.of(kind)[0]
    at = Event(first.seq, moments(recording).zero + after_page_s, kind, first.payload)
    return replace(recording, events=(*without(recording, kind).events, at))


def test_every_part_is_there_and_explains_itself(played: Recording) -> None:
    """A hundred points at most, hints taken off, and no part without its meaning."""
    scored = score(played, TARGETS)
    assert [(each.name, each.most) for each in scored.parts] == [
        ("users spared", 30),
        ("time to acknowledge", 10),
        ("time to first update", 10),
        ("time to mitigate", 15),
        ("update cadence", 5),
        ("harm by own changes", 10),
        ("unneeded changes", 5),
        ("evidence before the first change", 15),
        ("hints", 0),
    ]
    assert scored.most == 100
    assert all(each.measured and each.means for each in scored.parts)
    assert scored.points == pytest.approx(sum(each.points or 0 for each in scored.parts))


def test_the_curve_of_doing_nothing_goes_on_as_it_began(played: Recording) -> None:
    """The failed share before the page, eleven of twelve checkouts, for ten minutes at the same rate."""
    felt = impact(played, TARGETS)
    assert felt.nothing == pytest.approx(11 * 600, rel=0.01)
    assert felt.after_page == sum(
        tally.failed
        for second in played.seconds
        if second.wall_s >= moments(played).zero
        for tally in second.journeys.values()
    )
    assert part(score(played, TARGETS), "users spared").points == pytest.approx(30 * felt.spared)


def test_doing_nothing_spares_nobody(played: Recording) -> None:
    """Ten minutes as they began are the curve itself: no points, and nothing is mitigated."""
    hurt = [each for each in played.seconds if each.wall_s < moments(played).zero + 15]
    last = hurt[-1]
    more = tuple(replace(last, number=last.number + n, wall_s=last.wall_s + n) for n in range(1, 600 - 14))
    nothing = replace(without(played, "verdict", "drill.ended"), seconds=(*hurt, *more))
    scored = score(without(nothing, "change.begun"), TARGETS)
    assert part(scored, "users spared").points == pytest.approx(0, abs=0.2)
    assert (part(scored, "time to mitigate").measured, part(scored, "time to mitigate").points) == (
        "never",
        0,
    )


@pytest.mark.parametrize(("after_s", "points"), [(30, 10), (60, 10), (180, 5), (300, 0), (900, 0)])
def test_acknowledging_is_worth_less_the_longer_it_takes(
    played: Recording, after_s: float, points: float
) -> None:
    """All points within a minute, none from five on, evenly in between."""
    scored = score(moved(played, "page.acked", after_s), TARGETS)
    assert part(scored, "time to acknowledge").points == pytest.approx(points)


def test_what_was_never_done_has_no_points(played: Recording) -> None:
    """Neither acknowledged nor told to anybody."""
    scored = score(without(played, "page.acked", "update.said"), TARGETS)
    for name in ("time to acknowledge", "time to first update", "update cadence"):
        assert part(scored, name).points == 0


def test_a_reminder_is_an_update_that_came_too_late(played: Recording) -> None:
    """Two updates and one reminder keep two thirds of the cadence; without the reminder all of it."""
    assert part(score(played, TARGETS), "update cadence").points == pytest.approx(10 / 3)
    assert part(score(without(played, "reminder.sent"), TARGETS), "update cadence").points == 5


def test_harm_is_measured_against_the_trend_before_the_change(played: Recording) -> None:
    """Stopping checkout hurt carts that had been well; restarting Postgres in vain hurt nobody."""
    found = part(score(played, TARGETS), "harm by own changes")
    assert found.measured.endswith("requests, by B")
    assert 0 < (found.points or 0) < scoring.HARM


def test_unneeded_changes_cost_little(played: Recording) -> None:
    """Two changes that helped nobody leave one point of five, and never less than none."""
    found = part(score(played, TARGETS), "unneeded changes")
    assert (found.measured, found.points) == ("2 of 4 changes (A, B)", 1)


def test_only_looks_before_the_first_change_are_evidence(played: Recording) -> None:
    """And the same look twice is one."""
    look = played.of("command.run")[0]
    again = replace(played, events=(*played.events[:8], look, look, *played.events[8:]))
    for recording in (played, again):
        assert part(score(recording, TARGETS), "evidence before the first change").measured == "2 looks"


def test_hints_cost_what_was_said_before(played: Recording) -> None:
    """Points off, never below none altogether."""
    assert part(score(played, TARGETS), "hints").points == -5
    dear = replace(played.of("hint.given")[0], payload={"number": 1, "cost": 100, "text": "all"})
    assert score(replace(played, events=(*played.events, dear, dear)), TARGETS).points == 0


def test_without_an_incident_nobody_waited(played: Recording) -> None:
    """A judgement drill: no page, nobody hurt; what can't be asked has no points and takes none away."""
    quiet = replace(
        without(played, "page.fired", "phase.red", "change.begun", "reminder.sent", "hint.given"),
        seconds=tuple(each for each in played.seconds if each.wall_s < moments(played).injected - 1),  # type: ignore[operator]
    )
    scored = score(quiet, TARGETS)
    asked = {each.name for each in scored.parts if each.points is not None}
    assert asked == {"harm by own changes", "unneeded changes", "evidence before the first change", "hints"}
    assert scored.most == 30
