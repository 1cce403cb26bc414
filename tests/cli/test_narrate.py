"""A drill's story, sentence by sentence."""

from typing import Any

import pytest

from labctl.cli.narrate import SENTENCES, Narrator
from labctl.engine.machine import Drill
from labctl.lab.journal import Event


def event(seq: int, wall_s: float, kind: str, payload: dict[str, Any] | None = None) -> Event:
    return Event(seq, wall_s, kind, payload or {})


BEGUN = {"drill": "d1", "scenario": "pool-shrunk", "mode": "verify", "run": "r", "second": 5}
FAULT = {"id": "c1", "role": "fault", "summary": "deploy checkout 2.4.0 (was 2.3.0)", "component": "checkout"}


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        ("drill.begun", BEGUN, "The drill begins: every journey must be green before anything breaks."),
        (
            "phase.green",
            {"second": 30, "seconds": 25, "journeys": 7, "lowest": "cart 99.6 % of 99 %", "margin": 0.6},
            "Healthy: 7 journeys green over 25 s; the lowest is cart 99.6 % of 99 %.",
        ),
        ("change.begun", FAULT, "Fault: deploy checkout 2.4.0 (was 2.3.0)."),
        ("change.begun", {**FAULT, "role": "learner"}, "You: deploy checkout 2.4.0 (was 2.3.0)."),
        ("change.done", {**FAULT, "took_s": 1.24}, "It took effect, after 1.2 s."),
        ("change.failed", {**FAULT, "error": "not ready"}, "It failed: not ready"),
        ("change.undone", FAULT, "Undone: deploy checkout 2.4.0 (was 2.3.0)."),
        ("phase.injected", {"second": 40}, "The fault is in. Users do not feel it yet."),
        (
            "phase.red",
            {"second": 43, "journey": "checkout", "took_s": 3, "failed_share": 0.642},
            "Users are hurt: 64 % of checkout requests were not good, red 3 s after the fault.",
        ),
        (
            "page.fired",
            {"second": 52, "alert": "CheckoutBudgetBurn", "fired_wall_s": 112.4},
            "Alertmanager pages: CheckoutBudgetBurn, 12.4 s after the fault.",
        ),
        (
            "phase.held",
            {"second": 90, "said": "held 30 s of 30 s"},
            "The hold is complete: held 30 s of 30 s.",
        ),
        (
            "verdict",
            {"outcome": "masked", "durable": False, "reasons": ["came back", "checkout 61 % of 99 %"]},
            "Verdict: masked.\n- came back\n- checkout 61 % of 99 %",
        ),
        (
            "verdict",
            {"outcome": "mitigated", "durable": False, "reasons": []},
            "Verdict: mitigated, not durable.",
        ),
        ("drill.ended", {"how": "resolved", "second": 99}, "The drill is over: resolved."),
        ("lab.reset", {}, "The lab was reset: base releases, fresh data, no memory of what was before."),
    ],
)
def test_each_kind_has_its_sentence(kind: str, payload: dict[str, Any], said: str) -> None:
    """Plain words with the numbers of the payload."""
    assert SENTENCES[kind](payload, Drill(injected=40, injected_wall_s=100.0)) == said


@pytest.mark.parametrize("kind", ["none", "restart", "replay", "heal"])
def test_each_challenge_is_explained(kind: str) -> None:
    """The reader learns what is being done to the mitigation."""
    said = SENTENCES["phase.challenged"]({"second": 1, "challenge": kind}, Drill())
    assert said.startswith("Challenge: ")
    assert said.endswith(".")


def told(*events: Event, spoilers: bool = True) -> list[str]:
    lines: list[str] = []
    narrator = Narrator(spoilers=spoilers, write=lines.append)
    for event in events:
        narrator(event)
    return lines


def test_times_count_from_the_drills_begin() -> None:
    """mm:ss, whatever the clock on the wall says."""
    lines = told(
        event(1, 1000.0, "lab.reset"),
        event(2, 1010.0, "drill.begun", BEGUN),
        event(3, 1085.9, "phase.injected", {"second": 80}),
    )
    assert [line[:5] for line in lines] == ["00:00", "00:00", "01:15"]


def test_unknown_kinds_say_nothing() -> None:
    """A newer journal does not break an older narrator."""
    assert told(event(1, 1.0, "weather.changed", {"to": "rain"})) == []


def test_a_change_that_is_done_says_how_long_it_took() -> None:
    """From the two events of the same change."""
    lines = told(event(1, 10.0, "change.begun", FAULT), event(2, 11.5, "change.done", {"id": "c1"}))
    assert lines[1].endswith("It took effect, after 1.5 s.")


def test_a_learner_hears_nothing_of_the_scenarios_own_doings() -> None:
    """Neither the fault, nor that it is in, nor what is an innocent change."""
    noise = {**FAULT, "id": "c2", "role": "noise", "summary": "flag new-banner on"}
    events = [
        event(1, 0.0, "drill.begun", BEGUN),
        event(2, 1.0, "change.begun", FAULT),
        event(3, 2.0, "change.done", {"id": "c1"}),
        event(4, 2.0, "change.begun", noise),
        event(5, 2.0, "change.done", {"id": "c2"}),
        event(6, 3.0, "phase.injected", {"second": 3}),
        event(7, 9.0, "phase.red", {"second": 9, "journey": "checkout", "took_s": 6, "failed_share": 0.5}),
    ]
    story = "\n".join(told(*events, spoilers=False))
    assert "2.4.0" not in story
    assert "banner" not in story
    assert "pool-shrunk" not in story
    assert len(story.splitlines()) == 1


def test_a_learner_hears_of_what_the_learner_does() -> None:
    """Actions typed in another terminal show up in the drill."""
    own = {**FAULT, "role": "learner", "summary": "rollback checkout to 2.3.0 (was 2.4.0)"}
    lines = told(
        event(1, 0.0, "change.begun", own), event(2, 1.0, "change.done", {"id": "c1"}), spoilers=False
    )
    assert len(lines) == 2


def test_a_drill_that_goes_on_keeps_its_time() -> None:
    """Who comes back is told what happens from now on, counted from the begin."""
    lines: list[str] = []
    narrator = Narrator(spoilers=False, write=lines.append)
    own = {**FAULT, "role": "learner"}
    narrator.recall([event(1, 0.0, "drill.begun", BEGUN), event(2, 60.0, "change.begun", own)])
    narrator(event(3, 62.0, "change.done", {"id": "c1", "took_s": 2.0}))
    assert lines == ["01:02  It took effect, after 2 s."]


def test_long_reasons_wrap_at_80_columns_under_their_dash() -> None:
    """Readable on a small terminal."""
    reasons = ["challenge restart: 15 s of 15 s after 6 s ignored; " + "checkout 96.2 % of 99 %, " * 5]
    text = told(event(1, 0.0, "verdict", {"outcome": "masked", "second": 9, "reasons": reasons}))[0]
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("       - challenge")
    assert lines[2].startswith("         ")
