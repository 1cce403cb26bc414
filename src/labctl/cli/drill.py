"""`labctl drill`: an incident for the learner, from the page to the verdict."""

import random
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, RuntimeWish, aimed, chosen, chosen_name
from labctl.cli.commands import ACT, COMMANDS, LOOK
from labctl.cli.errors import INTERRUPTED
from labctl.cli.screen import possible
from labctl.cli.terminal import paint, say
from labctl.errors import UsageError
from labctl.lab.home import DEFAULT_NAME, names

if TYPE_CHECKING:
    from labctl.cli.narrate import Narrator
    from labctl.clock import Clock
    from labctl.engine.machine import Drill
    from labctl.judge import Verdict
    from labctl.lab.journal import Event
    from labctl.lab.lab import Lab
    from labctl.scenario.model import Scenario

QUIET_S = (10.0, 60.0)
"""How long nothing happens, at random: an incident that comes on time is none."""
_COLUMNS = 80
_STORY = 73
"""Columns beside the narrator's times."""


def drill(
    name: Annotated[
        str | None, typer.Argument(metavar="CODE", help="As in labctl list; default: go on.")
    ] = None,
    surprise: Annotated[
        bool, typer.Option("--random", help="Any incident; one not yet mitigated where there is one.")
    ] = False,
    family: Annotated[
        str | None, typer.Option("--family", metavar="F", help="With --random: one with this symptom.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Skip the quiet before the incident.")] = False,
    runtime: RuntimeWish = "auto",
    lab: LabName = None,
) -> None:
    _refuse_both(name, surprise, family)
    asked = name is not None or surprise
    up = None if asked and lab is None and not names() else chosen_name(lab)
    this = aimed(up or DEFAULT_NAME)
    if asked:
        _tools(this)  # at once: what follows imports, reads and opens for a while
    given = _given(name, family) if asked else None
    if given:
        _brief(given)
    running = _opened(up) if up else None
    scenario = _meant(running, given)
    if not given:
        _tools(this)
        _brief(scenario)
    _play(running or _started(runtime), scenario, 0.0 if now else _quiet_s())


def _play(lab: "Lab", scenario: "Scenario", quiet_s: float) -> None:
    """Drive it to its end, on the screen where there is one, and say how it ended."""
    from labctl.cli.verdicts import finish

    this = aimed(lab.name)
    drive = _on_screen if possible() else _in_lines
    try:
        verdict = drive(lab, scenario, quiet_s)
    except KeyboardInterrupt:
        say("you left; the incident goes on")
        say(f"next:  labctl drill{this} goes back to it, labctl quit{this} ends it")
        raise typer.Exit(INTERRUPTED) from None
    finish(verdict, scenario, this=this)


def _quiet_s() -> float:
    return random.uniform(*QUIET_S)  # noqa: S311 — a surprise, not a secret


def _on_screen(lab: "Lab", scenario: "Scenario", quiet_s: float) -> "Verdict | None":
    """The drill behind the live screen, which tells it from the journal."""
    from labctl import drill as drilling
    from labctl.cli.screen import show

    def drive(clock: "Clock") -> "Verdict | None":
        return drilling.drill(lab, scenario, clock=clock, quiet_s=quiet_s)

    return show.drive(lab, scenario, drive)


def _in_lines(lab: "Lab", scenario: "Scenario", quiet_s: float) -> "Verdict | None":
    """The drill, told line by line."""
    from labctl import drill as drilling
    from labctl.cli.holding import HoldTeller
    from labctl.cli.narrate import Narrator

    narrator = Narrator(spoilers=False)
    narrator.recall(lab.journal.read())
    _recall(lab, scenario, narrator)
    return drilling.drill(
        lab,
        scenario,
        clock=lab.clock,
        quiet_s=quiet_s,
        on_event=_listener(lab, scenario, narrator),
        on_look=HoldTeller(narrator.tell_now, this=aimed(lab.name)),
    )


def _refuse_both(name: str | None, surprise: bool, family: str | None) -> None:
    if name is not None and surprise:
        raise UsageError(
            "name an incident or let --random choose one, not both", hint="labctl drill --random"
        )
    if family is not None and not surprise:
        raise UsageError("--family goes with --random", hint=f"labctl drill --random --family {family}")


def _given(name: str | None, family: str | None) -> "Scenario":
    """The incident of this name; without one, any that is drawn."""
    from labctl.scenario import catalog

    return draw(family) if name is None else catalog.find(name)


def draw(family: str | None) -> "Scenario":
    """Any incident, of this family where one is given; those never mitigated come first."""
    from labctl.oncall import progress
    from labctl.oncall.progress import Tried
    from labctl.scenario import catalog

    there = catalog.all()
    fitting = [each for each in there if family in (None, each.family)]
    if not fitting:
        families = ", ".join(sorted({each.family for each in there}))
        raise UsageError(f"there is no family {family!r}; there are {families}", hint="labctl list")
    done = progress.fold(progress.all_kept())
    fresh = [each for each in fitting if not done.get(each.id, Tried()).done]
    return random.choice(fresh or fitting)  # noqa: S311 — a surprise, not a secret


def _opened(name: str) -> "Lab":
    say(f"opening lab {name} …")
    return chosen(name)


def _started(wish: str) -> "Lab":
    say("no lab is up: starting one …")
    from labctl.lab import lab as labs
    from labctl.runtimes import chosen_kind

    kind = chosen_kind(wish)
    say(f"starting it on the {kind} runtime …")
    new = labs.create(DEFAULT_NAME, kind)
    new.up()
    return new


def _meant(lab: "Lab | None", given: "Scenario | None") -> "Scenario":
    """The incident to begin or to go on with; UsageError where another one is in the way, or none runs."""
    from labctl.engine.machine import Phase, fold
    from labctl.scenario import catalog

    at = fold(lab.journal.read()) if lab else None
    going = at is not None and at.mode == "drill" and at.phase not in (Phase.NONE, Phase.ENDED)
    if given is None:
        if at is None or not going:
            raise UsageError(
                "no drill is under way: say which incident", hint="labctl list, then labctl drill CODE"
            )
        return catalog.find(at.scenario)
    if at is not None and at.scenario != given.id and _stands_in_the_way(at):
        this = aimed(lab.name if lab else DEFAULT_NAME)
        raise UsageError(
            "another drill is under way",
            hint=f"labctl drill{this} goes on with it, labctl quit{this} ends it",
        )
    return given


def _stands_in_the_way(at: "Drill") -> bool:
    from labctl.engine.machine import Phase

    over = (Phase.NONE, Phase.MITIGATED, Phase.ENDED)
    return at.mode == "drill" and at.phase not in over


def _tools(this: str) -> None:
    """Whose incident it will be, and what there is to work with; from the table of commands alone."""
    look, act = ([name for name, each in COMMANDS.items() if each.section == kind] for kind in (LOOK, ACT))
    say(paint("You are on call for a shop. Work in another terminal:", "bold"))
    for what, words in (
        ("look", f"labctl {', '.join(('status', *look))}"),
        ("act", f"labctl {', '.join(act)}"),
        ("tell", "labctl ack, say, declare; labctl hint helps, and costs"),
        ("judge", f"labctl check{this}; labctl resolve{this} when it is over"),
    ):
        say(textwrap.fill(f"  {what:<5}  {words}", _COLUMNS, subsequent_indent=" " * 9))


def _brief(scenario: "Scenario") -> None:
    """What an engineer knows when the watch begins; nothing that tells the cause."""
    from labctl.slo.openslo import objectives

    say(paint(f"{scenario.code}  level {scenario.level}", "bold"))
    say(textwrap.fill(scenario.briefing, _COLUMNS))
    promises = ", ".join(f"{each.journey} {each.threshold_s:g} s" for each in objectives())
    say(textwrap.fill(f"The shop's users want 99 % of: {promises}.", _COLUMNS, subsequent_indent="  "))


def _recall(lab: "Lab", scenario: "Scenario", narrator: "Narrator") -> None:
    """Who comes back is shown the page again."""
    from labctl.cli.page import lines
    from labctl.drill import goes_on
    from labctl.engine.machine import fold
    from labctl.oncall.page import page_of

    if not goes_on(fold(lab.journal.read()), scenario):
        return
    narrator.tell_now("You are back; the incident goes on.")
    try:
        sent = page_of(lab, scenario)
    except UsageError:
        return
    narrator.tell("\n".join(lines(sent, this=aimed(lab.name), columns=_STORY)), sent.wall_s)


def _listener(lab: "Lab", scenario: "Scenario", narrator: "Narrator") -> "Callable[[Event], None]":
    """Tells what a learner may hear, and the page in full when it comes."""
    from labctl.cli.page import lines
    from labctl.oncall.page import page_from, seconds_of

    def listen(event: "Event") -> None:
        narrator(event)
        if event.kind in ("page.fired", "page.told"):
            this = aimed(lab.name)
            sent = page_from(event, scenario, seconds_of(lab, narrator.begun))
            narrator.tell("\n".join(lines(sent, this=this, columns=_STORY)), event.wall_s)
            narrator.tell(f"It is yours: labctl ack{this}. Begin with labctl status{this}.", event.wall_s)

    return listen
