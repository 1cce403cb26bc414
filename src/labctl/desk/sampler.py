"""The sampler: keeps asking a lab's parts, each in its own thread, and puts snapshots together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from labctl.desk.changes import ChangeRow, history
from labctl.desk.feeling import feelings
from labctl.desk.holding import Holding
from labctl.desk.snapshot import DrillNow, PageNow, Snapshot, Stage, drill_now, pages_now
from labctl.desk.source import Source
from labctl.desk.status import ComponentRow, components
from labctl.engine.machine import Drill, Phase, fold
from labctl.errors import LabError
from labctl.judge import Hold
from labctl.lab.journal import Event
from labctl.lab.reach import Alert
from labctl.lab.reset import LAST
from labctl.oncall import state
from labctl.oncall.state import OnCall, moves
from labctl.scenario import catalog
from labctl.slo.openslo import objectives
from labctl.slo.sli import Sli

if TYPE_CHECKING:
    from labctl.lab.lab import Lab
    from labctl.scenario.model import Scenario

T = TypeVar("T")

EVERY_S = 0.5
SLOWLY_S = 1.0
BEFORE_S = 600
"""How many seconds of users there are without a drill."""


class Sampler:
    """`look` once, or `start` and take a `snapshot` whenever one is wanted: it never waits."""

    def __init__(self, lab: Lab, *, find: Callable[[str], Scenario] | None = None) -> None:
        """`find` gives the scenario of an id; by default, the catalogue does."""
        self.lab, self._find = lab, find or catalog.find
        self._objectives = objectives()
        self._holding = Holding(lab)
        self._users: Source[Sli] = self._source("users", self._ask_users, EVERY_S)
        self._journal: Source[tuple[Event, ...]] = self._source("journal", self._ask_journal, EVERY_S)
        self._changes: Source[list[ChangeRow]] = self._source("changes", lambda: history(lab), SLOWLY_S)
        self._stack: Source[list[ComponentRow]] = self._source("stack", lambda: components(lab), SLOWLY_S)
        self._sent: Source[list[Alert]] = self._source("alertmanager", self._ask_alertmanager, SLOWLY_S)
        self._known: Source[list[Alert]] = self._source("prometheus", self._ask_prometheus, SLOWLY_S)
        self._sources = (self._journal, self._users, self._stack, self._changes, self._sent, self._known)

    def look(self) -> Snapshot:
        """Ask every part once, one after the other."""
        for source in self._sources:
            source.look()
        return self.snapshot()

    def start(self) -> None:
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        for source in self._sources:
            source.stop()

    def events(self) -> Sequence[Event]:
        """The journal as it was last read."""
        return self._journal.value or ()

    def scenario(self) -> Scenario:
        """That of the drill under way; UsageError where there is none."""
        return self._find(fold(self.events()).scenario)

    def snapshot(self) -> Snapshot:
        """All that is known now; what is not is among the problems."""
        problems = {source.name: said for source in self._sources if (said := source.problem())}
        events = self.events()
        drill = fold(events)
        seconds = self._users.value.seconds if self._users.value else ()
        scenario = self._found(drill, problems)
        hold = self._hold(drill, scenario, problems)
        oncall = state.fold(events)
        hints = len(scenario.hints) if scenario else None
        return Snapshot(
            lab=self.lab.name,
            wall_s=self.lab.clock.wall(),
            drill=self._standing(drill, oncall, scenario, hold),
            journeys=feelings(seconds, self._objectives, scenario.objectives if scenario else None),
            pages=self._pages(),
            components=tuple(self._stack.value or ()),
            changes=None if self._changes.value is None else tuple(self._changes.value),
            problems=problems,
            moves={name: move.why_not for name, move in moves(drill, oncall, hints=hints).items()},
        )

    def _standing(
        self, drill: Drill, oncall: OnCall, scenario: Scenario | None, hold: Hold | None
    ) -> DrillNow:
        if self._journal.value is None:
            return DrillNow("", Stage.UNKNOWN)
        code, required_s = (scenario.code, scenario.hold) if scenario else ("", 0.0)
        return drill_now(drill, oncall, code=code, required_s=required_s, hold=hold)

    def _pages(self) -> tuple[PageNow, ...] | None:
        sent = None if self._sent.problem() else self._sent.value
        known = None if self._known.problem() else self._known.value
        return None if sent is None and known is None else pages_now(sent, known)

    def _found(self, drill: Drill, problems: dict[str, str]) -> Scenario | None:
        if drill.phase is Phase.NONE:
            return None
        try:
            return self._find(drill.scenario)
        except LabError as error:
            problems["scenario"] = error.message
        return None

    def _hold(self, drill: Drill, scenario: Scenario | None, problems: dict[str, str]) -> Hold | None:
        users = self._users.value
        if scenario is None or users is None:
            return None
        if drill.run and users.run != drill.run:
            problems["users"] = "load was restarted during the drill, so it cannot be judged: labctl reset"
            return None
        return self._holding.of(drill, users.seconds, scenario)

    def _source(self, name: str, ask: Callable[[], T], every_s: float) -> Source[T]:
        return Source(name, ask, clock=self.lab.clock, every_s=every_s)

    def _ask_journal(self) -> tuple[Event, ...]:
        known = self.events()
        fresh = self.lab.journal.read(after=known[-1].seq if known else 0)
        return (*known, *fresh)

    def _ask_alertmanager(self) -> list[Alert]:
        return self.lab.alertmanager.alerts()

    def _ask_prometheus(self) -> list[Alert]:
        return self.lab.prometheus.alerts()

    def _ask_users(self) -> Sli:
        """Every final second since the drill began, or since a while ago."""
        begun, known = self._begun(), self._users.value
        after = known.seconds[-1].number if known and known.seconds else begun
        sli = self.lab.load.poll(after=max(after, begun))
        if known is None or sli.run != known.run:
            return sli if known is None else self.lab.load.poll(after=0)
        kept = [second for second in known.seconds if second.number > begun]
        return Sli(sli.run, sli.now, (*kept, *sli.seconds))

    def _begun(self) -> int:
        """The last second that is not shown."""
        events = self.events() or self.lab.journal.read()
        drill = fold(events)
        if drill.phase is not Phase.NONE:
            return drill.begun
        resets = [event.payload.get("last", 0) for event in events if event.kind == "lab.reset"]
        now = self._users.value.now if self._users.value else self.lab.load.poll(after=LAST).now
        return max(resets[-1] if resets else 0, now - BEFORE_S)
