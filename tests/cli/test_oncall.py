"""What an engineer on call types: each command's words, exit codes, and what it asks before it costs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.conftest import Labctl, ScriptedLoad
from tests.judge.traffic import OBJECTIVES, healthy, hurting
from tests.scenario.samples import SMALL, written

from labctl.cli import drill as drilling
from labctl.cli.holding import HoldTeller
from labctl.engine.decide import Rules, hold_of
from labctl.engine.machine import Drill, Phase
from labctl.judge import Outcome, Verdict
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.lab.reach import Alert, AlertmanagerClient
from labctl.oncall import moves, progress
from labctl.recording import Recording
from labctl.scenario import catalog
from labctl.slo.sli import Second

BEGUN = {"drill": "d", "scenario": "valve-closed", "mode": "drill", "run": "r1", "second": 1}
PAGE = {
    "alert": "CheckoutBudgetBurn",
    "fired_wall_s": 1_700_000_000.0,
    "second": 25,
    "burn": 40.2,
    "summary": "Checkout: 40 % of requests are not good (1 % may be)",
    "description": "Paying takes a second. For 60 s and for 5 s the budget has burnt.",
    "runbook": "See who is hurt (labctl status); then mitigate.",
}


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small scenario, beside the lab's own."""
    (tmp_path / "scenarios").mkdir()
    written(tmp_path / "scenarios", SMALL)
    monkeypatch.setenv("LABCTL_SCENARIOS", str(tmp_path / "scenarios"))


@pytest.fixture
def paged(lab: Lab, load: ScriptedLoad, real_assets: None) -> Lab:
    """A lab in a drill whose page has fired, after twenty good and five bad seconds."""
    load.goes_on(20)
    load.goes_on(10, checkout=4)
    lab.journal.append("drill.begun", BEGUN)
    lab.journal.append("phase.injected", {"second": 20})
    lab.journal.append("phase.red", {"second": 22, "journey": "checkout", "took_s": 2, "failed_share": 0.4})
    lab.journal.append("page.fired", PAGE)
    return lab


def last(lab: Lab) -> Event:
    return lab.journal.read()[-1]


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    "words", [("ack",), ("say", "hello"), ("hint",), ("resolve",), ("reveal",), ("quit",), ("page",)]
)
def test_without_a_drill_each_says_how_to_begin_one(labctl: Labctl, words: tuple[str, ...]) -> None:
    """Exit 2, no traceback."""
    code, out, err = labctl(*words)
    assert (code, out) == (2, "")
    assert "no drill is under way" in err
    assert "next:  labctl list, then labctl drill CODE" in err


def test_ack_says_how_long_it_took(paged: Lab, labctl: Labctl) -> None:
    """Once; the second time it is refused."""
    paged.clock.sleep(12.0)
    assert labctl("ack")[:2] == (0, "acknowledged, 12 s after the page\n")
    code, _, err = labctl("ack")
    assert code == 2
    assert "you have acknowledged it already" in err


def test_say_tells_when_the_next_update_is_due(paged: Lab, labctl: Labctl) -> None:
    """By the severity that was declared."""
    assert labctl("say", "we", "look")[1] == "told everybody; the next update is due in 4 min\n"
    labctl("declare", "--severity", "1")
    assert labctl("say", "still", "--to", "support")[1] == "told support; the next update is due in 2 min\n"
    assert last(paged).payload == {"text": "still", "to": "support"}


def test_declare_repeats_what_is_declared_by_now(paged: Lab, labctl: Labctl) -> None:
    """Severity with its cadence, and roles."""
    labctl("declare", "--role", "commander=Ada")
    code, out, _ = labctl("declare", "--severity", "sev2", "--role", "scribe=Bo")
    assert (code, out) == (0, "SEV2: updates are due every 4 min\ncommander: Ada\nscribe: Bo\n")
    assert last(paged).payload == {"severity": "SEV2", "roles": {"scribe": "Bo"}}


@pytest.mark.usefixtures("paged")
@pytest.mark.parametrize("words", [("--severity", "SEV9"), ("--role", "Ada"), ()])
def test_declare_of_nothing_sensible_is_wrong_usage(labctl: Labctl, words: tuple[str, ...]) -> None:
    """Exit 2 with an example."""
    code, _, err = labctl("declare", *words)
    assert code == 2
    assert "next:  labctl declare" in err


def test_a_hint_names_its_price_before_it_is_given(paged: Lab, labctl: Labctl) -> None:
    """Off a terminal nobody can be asked, so the price is said and nothing given without --yes."""
    seq = paged.journal.last_seq()
    code, out, err = labctl("hint")
    assert (code, out) == (2, "")
    assert "the next hint costs 5 points" in err
    assert "add --yes" in err
    assert paged.journal.last_seq() == seq
    assert labctl("hint", "--yes")[:2] == (0, "hint 1 of 3 (5 points)\nWho answers?\n")
    labctl("hint", "--yes")
    labctl("hint", "--yes")
    code, _, err = labctl("hint", "--yes")
    assert code == 2
    assert "there is no further hint" in err


@pytest.mark.parametrize(("typed", "given"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_a_hint_asks(
    paged: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch, typed: str, *, given: bool
) -> None:
    """Only a yes takes it; anything else costs nothing."""
    monkeypatch.setattr("typer.confirm", _confirms(typed == "y"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    code, _, _ = labctl("hint")
    assert (code == 0) == given
    assert (last(paged).kind == "hint.given") == given


def _confirms(yes: bool) -> Callable[..., bool]:
    def confirm(text: str, **_: Any) -> bool:
        assert text == "The next hint costs 5 points; take it?"
        if not yes:
            raise typer.Abort
        return True

    return confirm


def test_reveal_tells_the_cause_and_the_drill_goes_on(paged: Lab, labctl: Labctl) -> None:
    """The id, and what really happens; marked, and kept."""
    code, out, err = labctl("reveal", "--yes")
    assert code == 0
    assert out.startswith("valve-closed\nSomebody scaled checkout to nothing.")
    assert "the incident goes on" in err
    assert last(paged).kind == "cause.revealed"
    assert len(progress.all_kept()) == 1


def test_quit_needs_a_yes_and_then_ends_it(
    paged: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off a terminal by --yes."""
    healed: list[Lab] = []
    monkeypatch.setattr(moves, "reset", healed.append)
    assert labctl("quit")[0] == 2
    code, out, _ = labctl("quit", "--yes")
    assert (code, out) == (0, "the drill is over, and the lab is healthy\n")
    assert last(paged).payload["how"] == "quit"
    assert healed == [paged]


@pytest.mark.usefixtures("paged")
def test_the_page_has_symptom_burn_rate_budget_and_runbook(labctl: Labctl) -> None:
    """What Alertmanager sent, what was measured then, and a human's words; nothing of the cause."""
    code, out, _ = labctl("page")
    assert code == 0
    assert "PAGE CheckoutBudgetBurn" in out
    assert "symptom: Checkout: 40 % of requests are not good (1 % may be)" in out
    assert "burn rate: the error budget burns 40 times too fast" in out
    assert "% of this (compressed) month's is left" in out
    assert "runbook: See who is hurt (labctl status); then mitigate." in out
    assert "valve" not in out
    assert max(map(len, out.splitlines())) <= 80
    plain = json.loads(labctl("page", "--json")[1])
    assert (plain["alert"], round(plain["burn"], 1)) == ("CheckoutBudgetBurn", 40.2)


def test_the_runbook_is_that_of_the_page(paged: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though another alert fired before it; without a drill it is the first's."""

    def alert(name: str, since_wall_s: float) -> Alert:
        return Alert(name, "active", {"severity": "page"}, {}, since_wall_s)

    both = [alert("CartBudgetBurn", 1.0), alert("CheckoutBudgetBurn", 2.0)]
    monkeypatch.setattr(AlertmanagerClient, "alerts", lambda _: both)
    assert labctl("runbook")[1].startswith("# CheckoutBudgetBurn:")
    paged.journal.append("drill.ended", {"how": "quit"})
    paged.journal.append("lab.reset", {})
    assert labctl("runbook")[1].startswith("# CartBudgetBurn:")


def test_a_page_that_has_not_come_is_said(lab: Lab, labctl: Labctl) -> None:
    """Exit 2."""
    lab.journal.append("drill.begun", BEGUN)
    code, _, err = labctl("page")
    assert code == 2
    assert "nobody has paged you yet" in err


VERDICTS = [
    (Outcome.MITIGATED, 0),
    (Outcome.MASKED, 1),
    (Outcome.NOT_RESTORED, 1),
    (Outcome.COULD_NOT_JUDGE, 3),
]


@pytest.mark.parametrize("command", ["resolve", "drill"])
@pytest.mark.parametrize(("outcome", "code"), VERDICTS)
def test_whoever_waits_is_told_the_verdict_alike(
    paged: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch, command: str, outcome: Outcome, code: int
) -> None:
    """Its reasons; the story once it is over, else how it goes on; what is next, and the exit code."""
    judged = Verdict(outcome, True, ("held 12 s of 30 s",), 1, 30, ())
    for function in ("follow", "drill"):
        monkeypatch.setattr(f"labctl.drill.{function}", lambda *_, **__: judged)
    done, out, err = labctl(command)
    assert done == code
    assert out.startswith(f"{outcome}\n- held 12 s of 30 s\n")
    assert ("What happened" in out) == (code == 0)
    assert ("Somebody scaled checkout to nothing." in out) == (code == 0)
    assert ("next:  labctl debrief --lab test" in err) == (code == 0)
    assert ("the drill goes on:  labctl check --explain --lab test" in err) == (code != 0)


@pytest.mark.parametrize("command", ["resolve", "drill"])
@pytest.mark.usefixtures("paged")
def test_a_drill_that_was_quit_has_no_verdict_for_anybody(
    labctl: Labctl, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Exit 1: nobody mitigated."""
    for function in ("follow", "drill"):
        monkeypatch.setattr(f"labctl.drill.{function}", lambda *_, **__: None)
    code, out, err = labctl(command)
    assert (code, out) == (1, "")
    assert "the drill was ended before there was a verdict" in err


def test_resolve_claims_once_and_joins_the_claim_that_is_judged(
    paged: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Followed where it was typed, from the claim on."""
    asked: list[dict[str, Any]] = []

    def follow(lab: Lab, scenario: Any, **options: Any) -> Verdict:
        asked.append({"lab": lab.name, "scenario": scenario.id, **options})
        return Verdict(Outcome.MASKED, True, ("came back",), 1, 30, ())

    monkeypatch.setattr("labctl.drill.follow", follow)
    _, _, err = labctl("resolve")
    assert "You claim that it is over" in err
    assert last(paged).kind == "resolve.claimed"
    assert (asked[0]["scenario"], asked[0]["after"]) == ("valve-closed", last(paged).seq)
    labctl("resolve")  # joins the claim that is judged
    assert [event.kind for event in paged.journal.read()].count("resolve.claimed") == 1


@pytest.mark.usefixtures("paged")
def test_leaving_a_claim_says_how_to_come_back(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C takes no claim back."""

    def left(*_: Any, **__: Any) -> Verdict:
        raise KeyboardInterrupt

    monkeypatch.setattr("labctl.drill.follow", left)
    code, _, err = labctl("resolve")
    assert code == 130
    assert "the claim stands:  labctl resolve --lab test" in err


@pytest.mark.usefixtures("paged")
def test_another_drill_is_not_begun_over_one_that_runs(labctl: Labctl) -> None:
    """Its incident would be wiped: goes on with it, or quits."""
    code, _, err = labctl("drill", "checkout-03")
    assert code == 2
    assert "another drill is under way" in err
    assert "labctl quit" in err


@pytest.mark.parametrize(
    "words", [("checkout-90", "--random"), ("--family", "checkout-slow"), ("--random", "--family", "unknown")]
)
def test_a_drill_of_nothing_sensible_starts_nothing(labctl: Labctl, words: tuple[str, ...]) -> None:
    """Exit 2; families are named where one was wrong."""
    code, _, err = labctl("drill", *words)
    assert code == 2
    assert ("checkout-slow" in err) == ("unknown" in words or "--family" in words)


def kept(scenario: str, outcome: str, number: int) -> None:
    """A finished drill of this scenario."""
    events = (
        Event(1, float(number), "drill.begun", {**BEGUN, "drill": f"d{number}", "scenario": scenario}),
        Event(2, 2.0, "verdict", {"outcome": outcome, "durable": True, "second": 9}),
    )
    progress.folder().mkdir(exist_ok=True)
    Recording(scenario, "local", events, ()).save(progress.folder() / f"d{number}.json")


def test_random_prefers_what_was_never_mitigated() -> None:
    """Masked is not mitigated; when all are done, any is drawn."""
    family = "checkout-slow"
    ids = sorted(each.id for each in catalog.all() if each.family == family)
    for number, each in enumerate(ids):
        kept(each, "masked" if number == 0 else "mitigated", number)
    assert {drilling.draw(family).id for _ in range(20)} == {ids[0]}
    kept(ids[0], "mitigated", 99)
    assert drilling.draw(family).id in ids
    assert drilling.draw("restarts").family == "restarts"


def test_list_shows_progress_and_no_id(labctl: Labctl) -> None:
    """Done, tries and the best outcome, also for machines."""
    kept("valve-closed", "masked", 1)
    kept("valve-closed", "mitigated", 2)
    code, out, _ = labctl("list")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("checkout-90"))
    assert row.split()[3:6] == ["yes", "2", "mitigated"]
    assert "valve" not in out
    text = labctl("list", "--json")[1]
    plain = next(each for each in json.loads(text)["incidents"] if each["code"] == "checkout-90")
    assert (plain["done"], plain["tries"], plain["best"]) == (True, 2, "mitigated")
    assert "valve" not in text


def told(drill: Drill, *seconds: list[Second]) -> list[str]:
    """What is said of the hold, looked at after each second."""
    rules = Rules("checkout", 1.0, OBJECTIVES, 30.0, None, (), {})
    said: list[str] = []
    tell = HoldTeller(said.append)
    so_far: list[Second] = []
    for second in [each for part in seconds for each in part]:
        so_far.append(second)
        tell(drill, hold_of(drill, so_far, rules))
    return said


def test_the_hold_is_told_now_and_then_and_how_to_claim_it() -> None:
    """At five seconds, each ten more, when it is complete, and when it is lost; not each second."""
    said = told(Drill(phase=Phase.RED), healthy(40), hurting(5, first=41))
    assert said[0] == "Users are well: held 5 s of 30 s. Is it over? labctl resolve claims it."
    assert said[-2] == "Users have been well for 30 s. Is it over? labctl resolve claims it."
    assert said[-1].startswith("The hold is lost: held 0 s of 30 s; checkout ")
    assert len(said) == 5
    claimed = told(Drill(phase=Phase.RED, claimed=1), healthy(10))
    assert claimed == ["Users are well: held 5 s of 30 s."]
