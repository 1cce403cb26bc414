"""What an engineer on call types in a drill: ack, say, declare, hint, reveal, quit."""

import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, aimed, chosen
from labctl.cli.terminal import out, say
from labctl.clock import duration
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.scenario.model import Scenario

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where nobody can answer.")]


def ack(lab: LabName = None) -> None:
    from labctl.oncall import moves, state

    opened = chosen(lab)
    moves.ack(opened)
    at = state.fold(opened.journal.read())
    after = duration(round((at.acked_wall_s or 0.0) - (at.paged_wall_s or 0.0)))
    out(f"acknowledged, {after} after the page")
    say(f"next:  labctl page{aimed(opened.name)} shows it; labctl say TEXT tells those who wait")


def say_(
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="What you know, and when you say more.")],
    to: Annotated[str | None, typer.Option("--to", metavar="WHOM", help="Such as support.")] = None,
    lab: LabName = None,
) -> None:
    from labctl.oncall import cadence, moves, state

    opened = chosen(lab)
    moves.say(opened, " ".join(text), to=to)
    at = state.fold(opened.journal.read())
    due_wall_s = cadence.update_due(at) or 0.0
    out(f"told {to or 'everybody'}; the next update is due in {duration(round(due_wall_s - _now(opened)))}")


def declare(
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="SEV", help="SEV1 (worst) to SEV4.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="ROLE=NAME", help="Such as commander=Ada; again.")
    ] = None,
    lab: LabName = None,
) -> None:
    from labctl.oncall import moves, state
    from labctl.oncall.cadence import Severity

    opened = chosen(lab)
    moves.declare(opened, severity=severity, roles=dict(_role(each) for each in role or ()))
    at = state.fold(opened.journal.read())
    if at.severity:
        every = duration(Severity(at.severity).every_s)
        out(f"{at.severity}: updates are due every {every}")
    for name, who in at.roles.items():
        out(f"{name}: {who}")


def _role(text: str) -> tuple[str, str]:
    role, equals, name = text.partition("=")
    if not (role.strip() and equals and name.strip()):
        raise UsageError(f"{text!r} is not ROLE=NAME", hint="labctl declare --role commander=Ada")
    return role.strip(), name.strip()


def hint(yes: Yes = False, lab: LabName = None) -> None:
    from labctl.oncall import moves

    opened = chosen(lab)
    scenario = scenario_of(opened)
    cost = moves.next_hint(opened, scenario).cost
    _confirm(f"the next hint costs {cost} point{'' if cost == 1 else 's'}; take it?", yes)
    given = moves.hint(opened, scenario).payload
    out(f"hint {given['number']} of {len(scenario.hints)} ({given['cost']} points)")
    out(textwrap.fill(given["text"], 80, break_on_hyphens=False, break_long_words=False))


def reveal(yes: Yes = False, lab: LabName = None) -> None:
    from labctl.oncall import moves

    opened = chosen(lab)
    scenario = scenario_of(opened)
    moves.require(opened, "reveal")
    _confirm("the drill will count as revealed, however it ends; tell the cause?", yes)
    moves.reveal(opened)
    out(scenario.id)
    out(textwrap.fill(scenario.debrief.about, 80))
    this = aimed(opened.name)
    say(f"the incident goes on: mitigate it, then labctl resolve{this}; or labctl quit{this}")


def quit_(yes: Yes = False, lab: LabName = None) -> None:
    from labctl.oncall import moves

    opened = chosen(lab)
    moves.require(opened, "quit")
    _confirm("the drill ends without a verdict, and the lab is reset; quit?", yes)
    say("ending the drill and healing the lab …")
    moves.quit_(opened)
    out("the drill is over, and the lab is healthy")
    say("next:  labctl list, then labctl drill CODE")


def scenario_of(lab: "Lab") -> "Scenario":
    """What the lab's drill is about; UsageError where there is none."""
    from labctl.engine.machine import fold
    from labctl.oncall.state import NO_DRILL
    from labctl.scenario import catalog

    at = fold(lab.journal.read())
    if not at.scenario:
        raise UsageError(NO_DRILL, hint="labctl list, then labctl drill CODE")
    return catalog.find(at.scenario)


def _confirm(question: str, yes: bool) -> None:
    """Go on only with a yes; off a terminal nobody can say it, so that it has to be typed beforehand."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(question.split("; ", maxsplit=1)[0], hint="add --yes")
    typer.confirm(question[0].upper() + question[1:], abort=True, err=True)


def _now(lab: "Lab") -> float:
    return lab.clock.wall()
