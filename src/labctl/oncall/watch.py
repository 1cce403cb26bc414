"""What reaches an engineer on call while a drill is driven: a human's word, reminders, questions."""

from __future__ import annotations

from labctl.clock import Clock
from labctl.engine.driver import Driver
from labctl.engine.machine import Phase
from labctl.lab.journal import Journal
from labctl.oncall import cadence, state
from labctl.oncall.cadence import Reminder
from labctl.oncall.state import OnCall

SOMEBODY_SAYS = "Support: customers write that the shop is not well. Can somebody have a look?"


class Watch:
    """Looks at the journal whenever asked to, and appends what is due; keeps nothing else."""

    def __init__(self, driver: Driver, journal: Journal, clock: Clock) -> None:
        self._driver, self._journal, self._clock = driver, journal, clock
        self._seen = 0
        self.oncall = OnCall()

    def look(self) -> None:
        """Send what is due now, once."""
        self._read()
        if self._driver.drill.phase not in (Phase.INJECTED, Phase.RED):
            return
        scenario = self._driver.scenario
        if scenario.expect.page is None and self.oncall.paged_wall_s is None:
            if self._driver.drill.phase is Phase.RED:
                self._note("page.told", text=scenario.page or SOMEBODY_SAYS)
            return
        for each in cadence.due(self.oncall, scenario.voices, self._clock.wall()):
            if isinstance(each, Reminder):
                self._note("reminder.sent", text=each.text)
            else:
                self._note("question.asked", who=each.who, text=each.text)

    def _note(self, kind: str, **payload: str) -> None:
        self._driver.note(kind, **payload)
        self._read()

    def _read(self) -> None:
        for event in self._journal.read(self._seen):
            self._seen = event.seq
            self.oncall = state.step(self.oncall, event)
