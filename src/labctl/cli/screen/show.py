"""Opening the screen, and giving the terminal back whatever ends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from labctl.cli.screen.app import LiveScreen
from labctl.cli.screen.driving import Driving
from labctl.cli.screen.story import Story
from labctl.clock import Clock

if TYPE_CHECKING:
    from labctl.desk.sampler import Sampler
    from labctl.judge import Verdict
    from labctl.lab.lab import Lab
    from labctl.scenario.model import Scenario

_DRAWN_ON = 2  # stderr, as Textual does; sys.stderr is its own meanwhile


def watch(name: str) -> int:
    """Show the lab of this name until the person leaves; the exit code."""

    def opened() -> Sampler:
        from labctl.desk.sampler import Sampler
        from labctl.lab.lab import open_lab

        return Sampler(open_lab(name))

    return shown(LiveScreen(name, opened, Story(_catalogued)))


def drive(lab: Lab, scenario: Scenario, drill: Callable[[Clock], Verdict | None]) -> Verdict | None:
    """The same while `drill(clock)` runs behind the screen: what that returns.

    KeyboardInterrupt when the person left first; what ended the drill otherwise is raised, too, each
    once the terminal is back.
    """
    from labctl.desk.sampler import Sampler

    def find(name: str) -> Scenario:
        return scenario if name == scenario.id else _catalogued(name)

    driving = Driving(drill, lab.clock)
    try:
        shown(LiveScreen(lab.name, lambda: Sampler(lab, find=find), Story(find), driving))
    finally:
        driving.leave()
    if driving.error:
        raise driving.error
    if not driving.done:
        raise KeyboardInterrupt
    return driving.verdict


def _catalogued(name: str) -> Scenario:
    from labctl.scenario import catalog

    return catalog.find(name)


def shown(app: LiveScreen) -> int:
    """Run it to its end and return the exit code; its failure is raised once the terminal is back."""
    colourless = os.environ.get("NO_COLOR")  # Textual takes it out of the environment
    try:
        app.measure = terminal_size
        code = app.run(mouse=False)
    finally:
        if colourless is not None:
            os.environ["NO_COLOR"] = colourless
    if app.failure:
        raise app.failure
    return code or 0


def terminal_size() -> tuple[int, int] | None:
    """Columns and rows, as the terminal that is drawn on says itself; None where it does not, or not yet."""
    try:
        columns, rows = os.get_terminal_size(_DRAWN_ON)
    except OSError:
        return None
    return (columns, rows) if columns and rows else None
