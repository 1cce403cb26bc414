"""`kill -9` of whoever drives, in any phase: recover takes back what was done, and only that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from labctl.engine.machine import Phase, fold
from labctl.lab.home import names
from labctl.lab.lab import Lab, open_lab
from labctl.slo.openslo import objectives
from tests.e2e.remains import Traces
from tests.e2e.terminal import Terminal, at_home, events, reaches, soon

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HEALTHY_S = 6


@pytest.fixture(scope="module")
def home() -> Iterator[Terminal]:
    with at_home() as opened:
        yield opened


@pytest.fixture
def up(home: Terminal) -> Terminal:
    """The home with a lab in it, started unless a test before left it healthy."""
    if "lab" not in names():
        home.up()
    return home


@pytest.fixture
def stranger(home: Terminal) -> Iterator[subprocess.Popen[bytes]]:
    """A process of someone else's that reads like one of the lab's."""
    like = ["-m", "labctl.runtimes.local.supervisor", str(home.home / "labs" / "lab")]
    process = subprocess.Popen([sys.executable, "-c", "input()", *like], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def recovers(terminal: Terminal, *words: str) -> str:
    done = terminal.types("recover", *words)
    assert done.code == 0, done.out + done.err
    return done.out


def is_healthy(lab: Lab) -> None:
    """As it ships, nobody drives it, and every journey is served."""
    assert (lab.wanted()["checkout"].release, dict(lab.wanted().flags)) == ("2.3.0", {})
    assert {each.release for each in lab.runtime.observe() if each.component == "checkout"} == {"2.3.0"}
    assert fold(events()).phase is Phase.NONE
    after = lab.load.poll(after=0).now + 1
    fresh = soon(
        lambda: found if len(found := lab.load.seconds(after=after)) >= HEALTHY_S else None, "fresh seconds"
    )
    bad = {name: sum(second.journeys[name].bad for second in fresh) for name in fresh[-1].journeys}
    assert bad == dict.fromkeys([each.journey for each in objectives()], 0)


def is_gone(traces: Traces, stranger: subprocess.Popen[bytes]) -> None:
    assert traces.left(spared=stranger.pid) == []
    assert stranger.poll() is None


@pytest.mark.long  # drills are killed in each run, in all later phases
def test_a_proof_killed_at_baseline_leaves_nothing(home: Terminal, stranger: subprocess.Popen[bytes]) -> None:
    """Its lab of its own has nobody to take it down any more: recover does."""
    others = set(names())
    proof = home.starts("verify", "pool-shrunk")
    name = soon(lambda: next(iter(set(names()) - others), ""), "a lab of its own")
    reaches(Phase.BASELINE, name)
    traces = Traces.of(open_lab(name))
    proof.kill()
    there = " ".join(traces.left(spared=stranger.pid))
    assert all(kind in there for kind in ("folder", "speaks", "listens", "holds the lock")), there
    assert recovers(home, "--lab", name).endswith(f"{name}: nothing of it is left\n")
    is_gone(traces, stranger)


def test_a_drill_killed_during_injection_is_taken_back(
    up: Terminal, stranger: subprocess.Popen[bytes]
) -> None:
    """The fault had begun and nobody had looked at it yet: recover --keep heals the lab."""
    lab = open_lab()
    drill = up.starts("drill", "checkout-03", "--now")

    def faults() -> list[str]:
        begun = [event.payload for event in events() if event.kind == "change.begun"]
        return [payload["id"] for payload in begun if payload["role"] == "fault"]

    soon(faults, "the fault begins", within_s=180, every_s=0.02)
    drill.kill()
    assert fold(events()).phase is Phase.GREEN

    said = recovers(up, "--keep")
    assert "lab: was in force, is no more: deploy checkout 2.4.0 (was 2.3.0)" in said
    assert said.endswith("lab: healthy, and running\n")
    is_healthy(lab)
    assert up.types("check").code == 2  # no drill is under way
    assert stranger.poll() is None


def test_a_drill_killed_while_red_goes_on_and_killed_in_the_hold_leaves_nothing(
    up: Terminal, stranger: subprocess.Popen[bytes]
) -> None:
    """The next `labctl drill` takes over where it was; in the end recover removes it all."""
    traces = Traces.of(open_lab())
    drill = up.starts("drill", "checkout-03", "--now")
    reaches(Phase.RED, within_s=180)
    drill.kill()
    was = fold(events())

    drill = up.starts("drill")
    drill.says("judge labctl check", within_s=30)
    assert up.types("rollback", "checkout").code == 0
    drill.says("You: roll checkout back to 2.3.0", within_s=30)
    soon(lambda: up.types("check", "--json").json["held_s"] >= 5, "users are well again", every_s=1.0)
    now = fold(events())
    assert (now.id, now.injected, now.red) == (was.id, was.injected, was.red)
    assert drill.process.poll() is None
    drill.kill()

    said = recovers(up)
    assert "lab: was in force, is no more: deploy checkout 2.4.0 (was 2.3.0)" in said
    assert said.endswith("lab: nothing of it is left\n")
    is_gone(traces, stranger)
    assert recovers(up) == "there was nothing to recover\n"
