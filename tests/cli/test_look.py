"""What a learner looks at: status, check, logs."""

import json

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad

from labctl.cli.status import firing
from labctl.engine.decide import Rules
from labctl.errors import CouldNotJudge
from labctl.lab.lab import Lab
from labctl.lab.reach import Alert, AlertmanagerClient
from labctl.runtimes.fake import FakeRuntime

BEGUN = {"drill": "d1", "scenario": "pool-shrunk", "mode": "drill", "run": "r1", "second": 0}


@pytest.fixture
def red(lab: Lab, load: ScriptedLoad, monkeypatch: pytest.MonkeyPatch) -> ScriptedLoad:
    """A drill that is red, to be judged from second 20 on, with a hold of 30 s."""
    load.goes_on(20, checkout=6)
    lab.journal.append("drill.begun", BEGUN)
    lab.journal.append("phase.injected", {"second": 10})
    lab.journal.append("phase.red", {"second": 20, "journey": "checkout", "took_s": 10, "failed_share": 0.6})
    rules = Rules("checkout", 1.0, dict.fromkeys(load.poll().seconds[0].journeys, 0.99), 30.0, None, (), {})
    monkeypatch.setattr("labctl.engine.phases.rules", lambda *_: rules)
    monkeypatch.setattr("labctl.scenario.catalog.find", lambda name: name)
    return load


def test_check_says_how_far_the_hold_is(red: ScriptedLoad, labctl: Labctl) -> None:
    """Exit 1 with measured against required."""
    red.goes_on(14)
    code, out, _ = labctl("check")
    assert code == 1
    assert out.startswith("held 14 s of 30 s")


def test_check_names_the_journey_that_is_missing(red: ScriptedLoad, labctl: Labctl) -> None:
    """What users feel, not what is broken."""
    red.goes_on(30, checkout=6)
    code, out, _ = labctl("check", "--explain")
    assert code == 1
    assert "checkout 40 % of 99 %" in out
    row = next(line for line in out.splitlines() if line.startswith("checkout "))
    assert row.split() == ["checkout", "300", "150", "180", "3", "99", "%", "red"]
    assert max(map(len, out.splitlines())) <= 80


def test_check_is_fine_once_the_hold_is_complete(red: ScriptedLoad, labctl: Labctl) -> None:
    """Exit 0."""
    red.goes_on(30)
    code, out, _ = labctl("check")
    assert code == 0
    assert out.startswith("held 30 s of 30 s")
    assert out.endswith("- labctl resolve claims it\n")


def test_check_says_that_a_claim_is_judged(lab: Lab, red: ScriptedLoad, labctl: Labctl) -> None:
    """Nobody claims twice because nothing seems to happen."""
    red.goes_on(14)
    lab.journal.append("resolve.claimed", {"second": 30})
    assert labctl("check")[1].endswith("- you have claimed it, and the verdict is on its way\n")
    assert json.loads(labctl("check", "--json")[1])["claimed"] is True


def test_check_for_machines_has_the_same_numbers(red: ScriptedLoad, labctl: Labctl) -> None:
    """Versioned, with the exit code in it."""
    red.goes_on(30)
    plain = json.loads(labctl("check", "--json")[1])
    assert (plain["version"], plain["exit_code"], plain["held_s"], plain["complete"]) == (1, 0, 30, True)
    assert {journey["colour"] for journey in plain["journeys"]} == {"green"}


def test_check_before_the_page_gives_nothing_away(lab: Lab, load: ScriptedLoad, labctl: Labctl) -> None:
    """Whether the fault is in yet is the learner's to find out."""
    load.goes_on(5)
    lab.journal.append("drill.begun", BEGUN)
    before = labctl("check", "--json")
    lab.journal.append("phase.injected", {"second": 5})
    assert labctl("check", "--json") == before
    assert "inject" not in before[1]


def test_check_after_the_page_never_says_that_users_are_well(
    lab: Lab, red: ScriptedLoad, labctl: Labctl
) -> None:
    """A page may come before the seconds that it is about are final."""
    lab.journal.append("drill.begun", {**BEGUN, "second": 20})
    lab.journal.append("phase.injected", {"second": 20})
    lab.journal.append("page.fired", {"alert": "CheckoutBudgetBurn", "fired_wall_s": 1.0, "second": 20})
    assert labctl("check")[:2] == (1, "held 0 s of 30 s\n- nothing is counted yet\n")
    red.goes_on(4, checkout=10)
    code, out, _ = labctl("check")
    assert code == 1
    assert "checkout 0 % of 99 %" in out


@pytest.mark.usefixtures("lab")
def test_check_without_a_drill_says_how_to_begin_one(labctl: Labctl) -> None:
    """Exit 2."""
    code, _, err = labctl("check")
    assert code == 2
    assert "next:  labctl list, then labctl drill CODE" in err


def test_a_load_that_was_restarted_cannot_be_judged(red: ScriptedLoad, labctl: Labctl) -> None:
    """Exit 3: no data is never a pass."""
    red.run = "r2"
    code, _, err = labctl("check")
    assert code == 3
    assert "load was restarted" in err


def test_a_gap_cannot_be_judged(red: ScriptedLoad, labctl: Labctl) -> None:
    """Exit 3, naming the seconds."""
    red.goes_on(30)
    del red.seconds_so_far[30:33]
    code, _, err = labctl("check")
    assert code == 3
    assert "31–33" in err


def test_status_shows_components_users_and_what_it_could_not_find_out(
    lab: Lab, load: ScriptedLoad, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that does not answer is named, and the rest is shown."""

    def silent(_: AlertmanagerClient) -> list[object]:
        raise CouldNotJudge("alertmanager does not answer")

    monkeypatch.setattr(AlertmanagerClient, "alerts", silent)
    lab.runtime.crash("checkout-1", oom=True)  # type: ignore[attr-defined]  # the fake's own
    load.goes_on(40, checkout=1)
    code, out, _ = labctl("status")
    assert code == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["checkout"][1:] == [
        "300",
        "90",
        "%",
        "99",
        "%",
        "0",
        "30",
        "0",
        "HURT",
    ]  # the last row of that name
    assert rows["unknown"] == ["unknown", "alertmanager", "does", "not", "answer"]
    assert "ready, 1 out of memory" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("lab")
def test_status_for_machines_is_one_versioned_object(
    load: ScriptedLoad, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Components, journeys, alerts, flags, problems."""
    monkeypatch.setattr(AlertmanagerClient, "alerts", lambda _: [])
    load.goes_on(30)
    plain = json.loads(labctl("status", "--json")[1])
    assert plain["version"] == 1
    assert {"components", "journeys", "alerts", "flags", "problems"} <= set(plain)


def test_each_alert_is_shown_once_pages_first() -> None:
    """Though it fires for two windows at a time; since when the first of them does."""

    def alert(name: str, severity: str, since_wall_s: float) -> Alert:
        return Alert(name, "active", {"severity": severity}, {}, since_wall_s)

    fired = [
        alert("A", "ticket", 1.0),
        alert("B", "page", 4.0),
        alert("A", "page", 3.0),
        alert("B", "page", 2.0),
    ]
    assert firing(fired) == [("page", "B", 2.0), ("page", "A", 3.0), ("ticket", "A", 1.0)]


def test_logs_are_filtered_and_shown_in_order(lab: Lab, labctl: Labctl) -> None:
    """By component, expression and the beginning of a trace."""
    assert isinstance(lab.runtime, FakeRuntime)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    lab.runtime.say("checkout-1", json.dumps({"level": "error", "msg": "no connection", "trace": trace}))
    lab.runtime.say("edge-1", json.dumps({"level": "info", "msg": "checkout 503", "trace": trace}))
    lab.runtime.say("edge-1", json.dumps({"level": "info", "msg": "home 200"}))
    long_ago = ("--since", "1000w")
    assert len(labctl("logs", "edge", *long_ago)[1].splitlines()) == 2
    assert labctl("logs", "--grep", "50[0-9]", *long_ago)[1].count("checkout 503") == 1
    assert len(labctl("logs", "--trace", "4bf92f", *long_ago)[1].splitlines()) == 2


@pytest.mark.usefixtures("lab")
def test_logs_without_a_line_say_so_on_stderr(labctl: Labctl) -> None:
    """An empty result is fine, and not silent."""
    code, out, err = labctl("logs", "edge", "--since", "5s")
    assert (code, out) == (0, "")
    assert "no such line in the last 5s" in err


@pytest.mark.parametrize("arguments", [("--since", "soon"), ("--grep", "("), ("nobody",)])
@pytest.mark.usefixtures("lab")
def test_a_question_that_makes_no_sense_is_a_usage_error(labctl: Labctl, arguments: tuple[str, ...]) -> None:
    """A span, an expression, a component."""
    code, _, err = labctl("logs", *arguments)
    assert code == 2
    assert err.startswith("error: ")
