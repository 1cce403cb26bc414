"""A drill in one terminal, an engineer in another: wrong ways never pass, the right one is seen."""

from __future__ import annotations

import re

import pytest

from labctl.lab.lab import open_lab
from labctl.oncall import progress
from labctl.runtimes.base import Signal
from labctl.slo.openslo import objectives
from tests.e2e.terminal import Done, Running, Terminal, soon

pytestmark = pytest.mark.e2e

CAUSES = ("2.4.0", "pool", "connection", "postgres", "fault", "inject", "deploy checkout")
"""What would give it away; the list of commands says `deploy,`."""
JUDGED = 60
"""Checkouts after a change before its effect is believed: five seconds of them."""
HELD = r"(came back after \d+ s; )?held 30 s of 30 s"


def refused(terminal: Terminal, *hurt: str) -> None:
    """`labctl check`, once enough users came after the last change: not restored, and who is hurt."""

    def judged() -> Done | None:
        done = terminal.types("check", "--json")
        assert done.code != 0, f"it passes: {done.out}"
        seen = {each["journey"]: each["due"] for each in done.json["journeys"]} if done.code == 1 else {}
        return done if seen.get("checkout", 0) >= JUDGED else None

    checked = soon(judged, "a judgement of what users feel", within_s=90, every_s=1.0).json
    assert (checked["exit_code"], checked["complete"], checked["held_s"]) == (1, False, 0)
    assert "held 0 s of 30 s" in checked["said"]
    reds = {each["journey"] for each in checked["journeys"] if each["colour"] == "red"}
    assert reds >= set(hurt), checked["said"]


def acts(terminal: Terminal, *words: str) -> None:
    done = terminal.types(*words)
    assert done.code == 0, done.err


def wrong_ways(terminal: Terminal) -> None:
    """What keeps users away or unserved is no mitigation, whatever it does to the graphs."""
    every = [each.journey for each in objectives()]
    of_checkout = ("checkout", "cart", "order-status", "account-history")

    acts(terminal, "flag", "maintenance", "on")
    refused(terminal, *every)
    acts(terminal, "flag", "maintenance", "off")

    acts(terminal, "scale", "checkout", "0")
    refused(terminal, *of_checkout)
    acts(terminal, "scale", "checkout", "1")

    runtime = open_lab().runtime
    (replica,) = [each.name for each in runtime.observe() if each.component == "checkout"]
    runtime.signal(replica, Signal.FREEZE)
    refused(terminal, *of_checkout)
    runtime.signal(replica, Signal.THAW)


def nothing_is_given_away(drill: Running) -> None:
    assert drill.out == ""
    told = drill.err.lower()
    assert [word for word in CAUSES if word in told] == []


@pytest.mark.timeout(600)
def test_only_users_who_are_served_again_end_a_drill(terminal: Terminal) -> None:
    """Maintenance, no replica and a frozen one are judged red; a rollback typed elsewhere mitigates."""
    drill = terminal.starts("drill", "checkout-03", "--now")  # there is no lab: it starts one
    drill.says("Support: customers write that paying takes for ever", within_s=240)
    nothing_is_given_away(drill)
    assert "Alertmanager pages: CheckoutBudgetBurn" in drill.err

    other = terminal.types("drill", "checkout-03")
    assert other.code == 2
    assert f"is being driven by process {drill.process.pid}" in other.err

    wrong_ways(terminal)
    nothing_is_given_away(drill)

    acts(terminal, "rollback", "checkout")
    drill.says("Users are well: held 5 s of 30 s. Is it over? labctl resolve claims it.", within_s=60)
    resolved = terminal.types("resolve", within_s=180)
    assert (resolved.code, resolved.out.splitlines()[0]) == (0, "mitigated"), resolved.err
    done = drill.ends(within_s=30)
    assert done.code == 0, done.err
    assert "You: roll checkout back to 2.3.0" in done.err
    # A busy machine may hurt users for a moment meanwhile; the hold then starts over, and says so.
    assert re.search(rf"The hold is complete: {HELD}", " ".join(done.err.split()))
    assert re.match(rf"mitigated\n- {HELD}", done.out)
    assert "challenge restart" in done.out
    assert "cut its connection pool from 8 to 2" in done.plain

    checked = terminal.types("check")
    assert (checked.code, checked.out) == (0, "the drill is over: mitigated\n")
    acts(terminal, "down")


@pytest.mark.long  # played drills go the same ways, on a screen
@pytest.mark.timeout(600)
def test_an_engineer_s_whole_drill_survives_its_terminal(terminal: Terminal) -> None:
    """Paged, acknowledged, told, helped; a wrong fix is claimed and refused; killed, resumed, mitigated."""
    drill = terminal.starts("drill", "checkout-03", "--now")
    drill.says("It is yours: labctl ack", within_s=240)
    assert "burn rate: the error budget burns" in " ".join(drill.err.split())
    assert "% of this (compressed) month's is left" in " ".join(drill.err.split())

    acts(terminal, "ack")
    assert "PAGE CheckoutBudgetBurn" in terminal.types("page").out
    acts(terminal, "say", "Paying is slow for most; we look at what changed.", "--to", "support")
    acts(terminal, "declare", "--severity", "SEV2", "--role", "commander=Ada")
    assert terminal.types("hint").code == 2  # nobody can be asked here
    assert terminal.types("hint", "--yes").out.startswith("hint 1 of ")

    acts(terminal, "scale", "edge", "2")
    refusal = terminal.types("resolve")
    assert (refusal.code, refusal.out.splitlines()[0]) == (1, "not restored"), refusal.err
    assert "checkout" in refusal.out
    drill.says("Verdict: not restored.", within_s=10)
    assert drill.process.poll() is None
    drill.kill()

    acts(terminal, "rollback", "checkout")
    drill = terminal.starts("drill")
    drill.says("You are back; the incident goes on.", within_s=30)
    drill.says("PAGE CheckoutBudgetBurn", within_s=30)
    drill.kill()
    resolved = terminal.types("resolve", within_s=180)  # nobody drives: it does so itself
    assert (resolved.code, resolved.out.splitlines()[0]) == (0, "mitigated"), resolved.err

    (kept,) = progress.all_kept()
    assert [event.payload["outcome"] for event in kept.of("verdict")] == ["not restored", "mitigated"]
    assert len(kept.of("page.acked", "update.said", "incident.declared", "hint.given")) == 4
    row = next(each for each in terminal.types("list").out.splitlines() if each.startswith("checkout-03"))
    assert row.split()[3:6] == ["yes", "1", "mitigated"]
    acts(terminal, "down")


@pytest.mark.timeout(600)
def test_quitting_heals_the_lab_and_ends_the_drill_elsewhere(terminal: Terminal) -> None:
    """The process that drives leaves by itself; the lab is as it ships."""
    drill = terminal.starts("drill", "checkout-03", "--now")
    drill.says("It is yours: labctl ack", within_s=240)
    assert terminal.types("reveal", "--yes").out.startswith("pool-shrunk\n")
    acts(terminal, "quit", "--yes")
    assert drill.ends(within_s=30).code == 1
    assert open_lab().wanted()["checkout"].release == "2.3.0"
    (kept,) = progress.all_kept()
    assert (progress.outcome(kept), len(kept.of("cause.revealed"))) == ("given up", 1)
    acts(terminal, "down")
