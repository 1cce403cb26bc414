"""Whole drills, played on a terminal as a learner does; what the screens say is what is asserted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.play import Player, acts, plays
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PAGED_S = 150.0
"""Until the page is on the screen: a reset, a healthy shop, the fault and the pager."""
JUDGED_S = 240.0
GIVES_IT_AWAY = ("pool-shrunk", "slow-bank", "oom-deploy", "fault", "injected")


@dataclass(frozen=True)
class Incident:
    """What a learner types in it, in a second terminal."""

    code: str
    fix: tuple[str, ...]
    decoy: tuple[str, ...]
    restart: tuple[str, ...]  # what people try first

    def __str__(self) -> str:
        return self.code


INCIDENTS = (
    Incident(
        "checkout-03",
        fix=("rollback", "checkout"),
        decoy=("scale", "edge", "3"),
        restart=("restart", "checkout"),
    ),
    Incident(
        "checkout-04",
        fix=("flag", "checkout-pending-fallback", "on"),
        decoy=("flag", "checkout-bank-timeout", "1s"),
        restart=("restart", "checkout"),
    ),
    Incident(
        "restarts-01",
        fix=("rollback", "catalog"),
        decoy=("scale", "catalog", "3"),
        restart=("restart", "catalog"),
    ),
)


def in_each_run(*codes: str) -> pytest.MarkDecorator:
    """Play every incident; those of other codes only with `make drills`."""
    rest = pytest.mark.long
    played = [
        pytest.param(each, id=each.code, marks=() if each.code in codes else rest) for each in INCIDENTS
    ]
    return pytest.mark.parametrize("incident", played)


def paged(screen: Player) -> None:
    """The page has come, everything that is valid is offered, and nothing is given away."""
    screen.sees("not acked: press a", "held 0 of ", within_s=PAGED_S)
    assert screen.keys == ["a", "h", "s", "c", "r", "?", "q"]
    told = screen.text.lower()
    assert [word for word in GIVES_IT_AWAY if word in told] == []


def fails_to_convince(screen: Player) -> None:
    """Claims that it is over, is told that it is not, and by what was measured; the drill goes on."""
    screen.presses("r")
    screen.sees("claimed; the verdict comes")
    screen.sees(" before; held ", within_s=JUDGED_S)
    assert any(verdict in screen.text for verdict in ("masked before", "not restored before")), screen.text
    assert "r" in screen.keys


def resolves(screen: Player) -> None:
    """Claims that it is over, and sees it judged; leaving then shows verdict and debrief."""
    screen.sees("r claims it is over", within_s=JUDGED_S)
    screen.presses("r")
    screen.sees("over: mitigated", "Press q to leave the screen", within_s=JUDGED_S)
    screen.presses("q")
    assert screen.ends() == 0


@in_each_run()
def test_by_a_fix(terminal: Terminal, incident: Incident) -> None:
    """Acknowledged, told, looked at, mended in another terminal, claimed, mitigated."""
    terminal.up()
    with plays(terminal, "drill", incident.code, "--now") as screen:
        paged(screen)
        screen.presses("a")
        screen.sees("acked after")
        screen.presses("s")
        screen.sees("Say how it stands")
        screen.presses("It is slow; looking into it\r")
        screen.sees("You: It is slow; looking into it")
        screen.presses("h")
        screen.sees("The next hint costs", "y yes", "n no")
        screen.presses("n")
        screen.presses("c")
        screen.sees("held 0 s of ")
        acts(terminal, *incident.fix)
        screen.sees("It took effect")
        resolves(screen)


@in_each_run()
def test_by_a_decoy_and_then_a_fix(terminal: Terminal, incident: Incident) -> None:
    """What helps nobody is judged so, with what users felt; the drill goes on until it is mended."""
    terminal.up()
    with plays(terminal, "drill", incident.code, "--now") as screen:
        paged(screen)
        acts(terminal, *incident.decoy)
        screen.sees("It took effect")
        fails_to_convince(screen)
        acts(terminal, *incident.fix)
        resolves(screen)


@in_each_run()
def test_by_a_restart_that_masks(terminal: Terminal, incident: Incident) -> None:
    """A restart is seen as an action, and its claim is not believed."""
    terminal.up()
    with plays(terminal, "drill", incident.code, "--now") as screen:
        paged(screen)
        acts(terminal, *incident.restart)
        screen.sees(f"You: restart {incident.restart[1]}", "It took effect")
        fails_to_convince(screen)


@in_each_run()
def test_by_doing_nothing(terminal: Terminal, incident: Incident) -> None:
    """Claiming what nobody mended is judged so, and leaving leaves the incident as it is."""
    terminal.up()
    with plays(terminal, "drill", incident.code, "--now") as screen:
        paged(screen)
        fails_to_convince(screen)
        screen.presses("q")
        assert screen.ends() == 130
        assert "you left; the incident goes on" in screen.text
    assert terminal.types("check").code == 1


@in_each_run()
def test_resumed_after_kill(terminal: Terminal, incident: Incident) -> None:
    """The terminal and its driver die; the incident does not, and `labctl drill` goes on with it."""
    terminal.up()
    with plays(terminal, "drill", incident.code, "--now") as screen:
        paged(screen)
        screen.presses("a")
        screen.sees("acked after")
        screen.kill()
    with plays(terminal, "drill") as screen:
        screen.sees("acked after", "held 0 of ", within_s=60)
        acts(terminal, *incident.fix)
        resolves(screen)
