"""The story: journal events as the lines of the log, in the words that a learner may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from labctl.cli.narrate import Narrator
from labctl.cli.screen.line import Line, line
from labctl.errors import LabError

if TYPE_CHECKING:
    from labctl.lab.journal import Event
    from labctl.scenario.model import Scenario

KEPT = 2000
_LATER = frozenset({"verdict"})
"""What answers a key a minute after it was pressed, whatever was pressed since."""


class Story:
    """Grows as events come and as keys are answered; `find` gives the scenario of an id.

    What the last key brought is `answer`, beside the log: what comes after it does not push it away. It
    takes its place in the log when it is settled.
    """

    def __init__(self, find: Callable[[str], Scenario]) -> None:
        self.lines: list[Line] = []
        self.answer: list[Line] = []
        self._find = find
        self._seen = 0
        self._scenario: Scenario | None = None
        self._awaited: frozenset[str] = frozenset()  # kinds of events that answer a key
        self._answers = False  # what is told now is an answer
        self._since = 0  # lines of the log that came after the answer
        self._narrator = Narrator(spoilers=False, write=self._write)

    def hear(self, events: Iterable[Event]) -> None:
        """Tell the events that are new, the human's words with the page that brings them."""
        for event in events:
            if event.seq <= self._seen:
                continue
            self._seen = event.seq
            if event.kind == "drill.begun":
                self._brief(event)
            with self._answering() if event.kind in self._awaited else nullcontext():
                self._narrator(event)
            self._awaited -= {event.kind}
            if self._scenario and event.kind == "page.fired":
                words = self._scenario.page or "You are on call."
                self._narrator.tell(f"{words} labctl page shows it whole.", event.wall_s)

    def add(self, text: str, wall_s: float) -> None:
        """Something that no event tells."""
        self._narrator.tell(text, wall_s)

    def reply(self, text: str, wall_s: float) -> None:
        """What a key brought that no event tells."""
        with self._answering():
            self._narrator.tell(text, wall_s)

    def expect(self, kinds: Iterable[str]) -> None:
        """A key was pressed that events of these kinds answer, each once."""
        self._awaited = frozenset(kinds) | (self._awaited & _LATER)

    def settle(self) -> None:
        """The answer was read: it goes where it belongs in the log."""
        at = max(0, len(self.lines) - self._since)
        self.lines[at:at] = self.answer
        self.answer = []

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """What is told meanwhile is the answer, in place of the one before."""
        self.settle()
        self._answers, self._since = True, 0
        yield
        self._answers = False

    def _brief(self, event: Event) -> None:
        try:
            self._scenario = self._find(event.payload["scenario"])
        except LabError:
            self._scenario = None  # of a file that is not here any more: told without its words
            return
        self._narrator.tell(self._scenario.briefing, event.wall_s)

    def _write(self, text: str) -> None:
        told = [_line(each) for each in text.splitlines()]
        if self._answers:
            self.answer += told
            return
        self.lines += told
        self._since += len(told)
        del self.lines[:-KEPT]


def _line(text: str) -> Line:
    stamp, gap, rest = text.partition("  ")
    return line(" ", (stamp, "dim"), (gap + rest, _style(rest)))


def _style(text: str) -> str:
    told = text.strip()
    if told.startswith("Alertmanager pages"):
        return "bold red"
    return "bold" if told.startswith("Verdict") else ""
