"""The story: journal events as the lines of the log, in the words that a learner may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from labctl.cli.narrate import Narrator
from labctl.cli.screen.line import Line, line
from labctl.errors import LabError

if TYPE_CHECKING:
    from labctl.lab.journal import Event
    from labctl.scenario.model import Scenario

KEPT = 2000


class Story:
    """Grows as events come and as keys are answered; `find` gives the scenario of an id."""

    def __init__(self, find: Callable[[str], Scenario]) -> None:
        self.lines: list[Line] = []
        self._find = find
        self._seen = 0
        self._scenario: Scenario | None = None
        self._narrator = Narrator(spoilers=False, write=self._write)

    def hear(self, events: Iterable[Event]) -> None:
        """Tell the events that are new, the human's words with the page that brings them."""
        for event in events:
            if event.seq <= self._seen:
                continue
            self._seen = event.seq
            if event.kind == "drill.begun":
                self._brief(event)
            self._narrator(event)
            if self._scenario and event.kind == "page.fired":
                words = self._scenario.page or "You are on call."
                self._narrator.tell(f"{words} labctl page shows it whole.", event.wall_s)

    def add(self, text: str, wall_s: float) -> None:
        """Something that no event tells: what a key brought."""
        self._narrator.tell(text, wall_s)

    def _brief(self, event: Event) -> None:
        try:
            self._scenario = self._find(event.payload["scenario"])
        except LabError:
            self._scenario = None  # of a file that is not here any more: told without its words
            return
        self._narrator.tell(self._scenario.briefing, event.wall_s)

    def _write(self, text: str) -> None:
        for each in text.splitlines():
            stamp, gap, rest = each.partition("  ")
            self.lines.append(line(" ", (stamp, "dim"), (gap + rest, _style(rest))))
        del self.lines[:-KEPT]


def _style(text: str) -> str:
    told = text.strip()
    if told.startswith("Alertmanager pages"):
        return "bold red"
    return "bold" if told.startswith("Verdict") else ""
