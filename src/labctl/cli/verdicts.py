"""A verdict and a debrief in print."""

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import typer

from labctl.cli.errors import COULD_NOT, JUDGED_OTHERWISE, OK
from labctl.cli.terminal import out, paint, say

if TYPE_CHECKING:
    from labctl.judge import Verdict
    from labctl.scenario.model import Scenario
    from labctl.scenario.story import Debrief

_COLUMNS = 80
_CODES = {"mitigated": OK, "could not judge": COULD_NOT}
_STYLES = {"mitigated": "green", "could not judge": "yellow"}


def exit_code(verdict: "Verdict") -> int:
    """0 mitigated, 3 could not judge, 1 anything else."""
    return _CODES.get(str(verdict.outcome), JUDGED_OTHERWISE)


def finish(verdict: "Verdict | None", scenario: "Scenario", *, this: str) -> NoReturn:
    """The end of `drill` and `resolve`: the verdict, the story once it is over, what is next, the exit code.

    Without a verdict the drill was ended; `this` is what makes a command mean this lab.
    """
    if verdict is None:
        say("the drill was ended before there was a verdict")
        say("next:  labctl list, then labctl drill CODE")
        raise typer.Exit(JUDGED_OTHERWISE)
    print_verdict(verdict)
    code = exit_code(verdict)
    if code == OK:
        print_debrief(scenario.debrief)
        say(f"next:  labctl debrief{this}")
    else:
        say(f"the drill goes on:  labctl check --explain{this}, labctl page{this}, labctl hint{this}")
    raise typer.Exit(code)


def print_verdict(verdict: "Verdict") -> None:
    """The outcome, then every reason with measured against required."""
    outcome = str(verdict.outcome)
    label = f"{outcome}, not durable" if outcome == "mitigated" and not verdict.durable else outcome
    out(paint(label, _STYLES.get(outcome, "red")))
    for reason in verdict.reasons:
        _item(reason)


def print_debrief(debrief: "Debrief") -> None:
    """What really happened, and what there is to learn from it."""
    out()
    out(paint("What happened", "bold"))
    out(textwrap.fill(debrief.about, _COLUMNS))
    for title, items in (
        ("What contributed", debrief.contributing_factors),
        ("What would fix it for good", debrief.fix_for_good),
    ):
        out()
        out(paint(title, "bold"))
        for item in items:
            _item(item)


def _item(text: str, write: Callable[[str], None] = out) -> None:
    write(textwrap.fill(text, _COLUMNS, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False))
