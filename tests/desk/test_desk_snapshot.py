"""The snapshot: what a screen may show of a lab, gathered even while parts of it hang or are gone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine import world
from tests.engine.world import WorldLab, scenario

from labctl import drill
from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.clock import FakeClock
from labctl.desk.feeling import mark
from labctl.desk.sampler import Sampler
from labctl.desk.snapshot import Mark, PageNow, Stage, pages_now
from labctl.desk.source import STALE_S, Source
from labctl.engine.driver import Driver
from labctl.engine.machine import Phase
from labctl.lab.reach import Alert, Unreachable
from labctl.oncall import moves
from labctl.slo.sli import Tally

CHOSEN = scenario()
HEALTHY_S = 30


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    lab = world.build(tmp_path, monkeypatch)
    lab.clock.sleep(HEALTHY_S)
    return lab


@pytest.fixture
def sampler(lab: WorldLab) -> Sampler:
    return Sampler(lab, find=lambda _: CHOSEN)


def begun(lab: WorldLab) -> Driver:
    """A drill whose shop is healthy, and nothing broken yet."""
    return drill.start(lab, CHOSEN, "drill", clock=lab.clock, on_event=lambda _: None)


def paged(lab: WorldLab) -> Driver:
    """A drill whose learner has been called."""
    driver = begun(lab)
    drill.break_it(driver)
    driver.advance_until(lambda: driver.drill.fired_wall_s is not None, within_s=30)
    return driver


def test_without_a_drill_it_shows_users_stack_and_changes(sampler: Sampler) -> None:
    """Every journey with the seconds that there were, every component, and no problem."""
    shown = sampler.look()
    assert shown.problems == {}
    assert shown.drill.stage is Stage.NONE
    assert {row.journey: row.mark for row in shown.journeys} == dict.fromkeys(world.RATES, Mark.OK)
    (checkout,) = [row for row in shown.journeys if row.journey == "checkout"]
    assert (checkout.due, checkout.good_share, checkout.burn, checkout.budget_left) == (120, 1.0, 0.0, 1.0)
    assert checkout.trend == (1.0,) * HEALTHY_S
    assert {row.component for row in shown.components} >= {"edge", "checkout", "postgres", "load"}
    assert [row.summary for row in shown.changes or ()][-1] == "deploy checkout 2.3.0"
    assert not [name for name, why_not in shown.moves.items() if why_not is None]


def test_what_users_feel_is_measured_against_what_they_were_promised(lab: WorldLab, sampler: Sampler) -> None:
    """Ten bad seconds of ninety per cent: the mark, the burn rate of the minute, the budget spent."""
    before_s = HEALTHY_S + 30
    lab.clock.sleep(30)
    perform(
        lab, steps.parse({"deploy": {"component": "checkout", "release": "2.4.0"}}), role=Role.FAULT, by="t"
    )
    lab.clock.sleep(10)
    (checkout,) = [row for row in sampler.look().journeys if row.journey == "checkout"]
    failed = round(12 * 0.9)
    assert (checkout.mark, checkout.due, checkout.bad) == (Mark.DOWN, 120, 10 * failed)
    assert checkout.burn == pytest.approx(10 * failed / (60 * 12) / 0.01)
    seconds = before_s + 10
    spent = (10 * failed) / (seconds * 12) / 0.01 * seconds / 43_200
    assert checkout.budget_left == pytest.approx(1 - spent)
    assert checkout.trend[-11:] == (1.0, *[(12 - failed) / 12] * 10)


@pytest.mark.parametrize(
    ("felt", "shown"),
    [
        (Tally(), Mark.NOBODY),
        (Tally(due=100, good=97, bad=3), Mark.OK),
        (Tally(due=100, good=96, bad=4), Mark.THIN),
        (Tally(due=100, good=10, slow=60, bad=30), Mark.LATE),
        (Tally(due=100, good=10, slow=30, bad=60), Mark.DOWN),
        (Tally(due=100, good=10, shed=90), Mark.SHED),
    ],
)
def test_a_mark_says_what_most_of_the_hurt_feel(felt: Tally, shown: Mark) -> None:
    """In a word, for whoever sees no colour."""
    assert mark(felt, 0.99) is shown


def test_before_the_page_an_incident_looks_like_none(lab: WorldLab, sampler: Sampler) -> None:
    """The learner finds out by the users' pain, never from the drill's own state."""
    lab.world.pages = False
    driver = begun(lab)
    before = sampler.look().drill
    drill.break_it(driver)
    assert driver.drill.phase is Phase.RED
    shown = sampler.look()
    assert (shown.drill, shown.drill.stage) == (before, Stage.QUIET)
    assert (shown.changes or ())[-1].who == "dana"
    assert not re.search(r"\b(fault|engine|injected|pool-shrunk)\b", repr(shown))


def test_the_hold_is_what_the_driver_sees(lab: WorldLab, sampler: Sampler) -> None:
    """Whoever looks on counts the same seconds, from the learner's last change on."""
    driver = paged(lab)
    shown = sampler.look()
    assert (shown.drill.stage, shown.drill.held_s, shown.drill.required_s) == (Stage.OPEN, 0, 30)
    assert [(page.name, page.state) for page in shown.pages or ()] == [("CheckoutBudgetBurn", "firing")]
    perform(lab, steps.parse({"rollback": {"component": "checkout"}}), role=Role.LEARNER, by="you")
    assert sampler.look().drill.held_s == 0
    driver.advance_until(lambda: driver.hold.held_s >= 14, within_s=40)
    shown = sampler.look()
    assert shown.drill.held_s == driver.hold.held_s == 14
    assert (shown.changes or ())[-1].who == "you"
    driver.advance_until(lambda: driver.hold.complete, within_s=40)
    assert sampler.look().drill.held_s == 30


def test_moves_follow_the_drill(lab: WorldLab, sampler: Sampler) -> None:
    """Valid are those that may be made now, and the rest say why not."""
    driver = paged(lab)
    valid = {name for name, why_not in sampler.look().moves.items() if why_not is None}
    assert valid >= {"ack", "say", "hint", "check", "resolve"}
    moves.ack(lab)
    shown = sampler.look()
    assert shown.moves["ack"] == "you have acknowledged it already"
    assert shown.drill.acked_wall_s is not None
    moves.claim(lab)
    assert sampler.look().drill.claimed
    driver.end("quit")
    assert sampler.look().drill.stage is Stage.OVER


def test_parts_that_do_not_answer_are_said_and_hide_nothing_else(
    lab: WorldLab, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the monitoring and the load gone, stack, changes and drill are still shown."""

    def gone() -> Any:
        raise Unreachable("it does not answer")

    sampler.look()
    monkeypatch.setattr(lab.world, "alerts", gone)
    lab.world.dead = True
    shown = sampler.look()
    assert shown.problems == {
        "users": "load does not answer",
        "alertmanager": "it does not answer",
        "prometheus": "it does not answer",
    }
    assert shown.components
    assert shown.journeys[0].trend, "what was known is still there"


def test_a_load_that_was_restarted_ends_the_judging(lab: WorldLab, sampler: Sampler) -> None:
    """Seconds of two load processes are never put together."""
    paged(lab)
    sampler.look()
    lab.world.run = "run-2"
    shown = sampler.look()
    assert "restarted" in shown.problems["users"]
    assert (shown.drill.held_s, shown.drill.missing) == (0, ())


def alert(name: str, state: str, since: float, severity: str = "page") -> Alert:
    return Alert(name, state, {"severity": severity}, {}, since)


def test_pages_are_told_once_and_by_who_knows() -> None:
    """Two windows are one page; what only Prometheus knows is pending or unsent; tickets wake nobody."""
    sent = [alert("A", "active", 20), alert("A", "active", 10), alert("T", "active", 1, "ticket")]
    known = [alert("A", "firing", 9), alert("B", "pending", 15), alert("C", "firing", 5)]
    assert pages_now(sent, known) == (
        PageNow("C", "unsent", 5),
        PageNow("A", "firing", 10),
        PageNow("B", "pending", 15),
    )
    assert pages_now(None, known)[0] == PageNow("C", "firing", 5)
    assert pages_now([alert("A", "suppressed", 3)], None) == ()


@pytest.fixture
def hung() -> Iterator[Source[int]]:
    """A source whose part never answers."""
    let_go = threading.Event()
    source = Source("postgres", lambda: int(let_go.wait(60)), clock=FakeClock(), every_s=0.0)
    yield source
    let_go.set()
    source.stop()


def test_a_part_that_hangs_is_noticed_and_holds_up_nobody(hung: Source[int]) -> None:
    """Starting returns at once; after some seconds its silence is a problem."""
    hung.start()
    assert (hung.value, hung.problem()) == (None, None)
    hung.clock.sleep(STALE_S)
    assert hung.problem() == "no answer for 5 s"
