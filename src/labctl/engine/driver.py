"""The driver: gathers facts about the users, decides by `decide`, appends what happened to the journal.

It keeps nothing that the journal and the load do not: a new driver over the same lab goes on where
a killed one stopped.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from labctl.actions.change import Role
from labctl.clock import Clock
from labctl.engine import evidence, phases
from labctl.engine.decide import Conclude, Disturb, Facts, Record, baseline_of, counted, decide, hold_of
from labctl.engine.machine import Drill, Phase, step
from labctl.engine.witness import KIND, Witness
from labctl.errors import DrillVoid
from labctl.judge import ChallengeKind, Hold, Verdict, conclude
from labctl.lab.journal import Event, JournalMoved
from labctl.lab.lab import Lab
from labctl.scenario.model import Scenario
from labctl.slo.sli import Second

LOOK_EVERY_S = 0.5


class Driver:
    """Drives one drill through its phases; whoever uses it holds the lab's `drive` lock."""

    def __init__(
        self,
        lab: Lab,
        scenario: Scenario,
        *,
        clock: Clock,
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._lab = lab
        self._clock = clock
        self._on_event = on_event
        self._seen = 0
        self._witness = Witness(lab)
        self._evidence = evidence.Gathering(lab, scenario)
        self._seconds: list[Second] = []
        self.scenario = scenario
        self.rules = phases.rules(lab, scenario)
        self.drill = Drill()
        self.concluded: Verdict | None = None
        self._hold = hold_of(self.drill, [], self.rules)
        for event in lab.journal.read():
            self._fold(event)

    @property
    def hold(self) -> Hold:
        """How long users have had their objectives back."""
        return self._hold

    @property
    def hold_runs(self) -> bool:
        """Whether users are well for now, and nobody can say yet whether it lasts."""
        return self.drill.phase in (Phase.HELD, Phase.CHALLENGED) or self._hold.held_s > 0

    def verdict(self) -> Verdict:
        """As things stand: the verdict reached since the last change, or what the hold so far says."""
        return self.concluded or conclude(self._hold)

    def baseline(self) -> Hold:
        """How long every journey has been green since the drill began."""
        return baseline_of(self.drill, self._seconds, self.rules)

    @property
    def seconds(self) -> Sequence[Second]:
        """What users experienced since the drill began: final seconds only."""
        return self._seconds

    def begin(self, mode: str) -> None:
        """Start a new drill on a lab that was reset, with the users that the scenario asks for."""
        phases.bring_users(self._lab, self.scenario)
        sli = self._lab.load.poll(after=0)
        self._seconds = []
        self._append(
            "drill.begun",
            drill=secrets.token_hex(4),
            scenario=self.scenario.id,
            mode=mode,
            run=sli.run,
            second=sli.now,
        )

    def inject(self) -> None:
        """Put the faults in, each undoable before it is applied and looked at afterwards."""
        phases.take_steps(self._lab, self.scenario.faults, Role.FAULT)
        self._append("phase.injected", second=self._now())

    def until(self, *phases_wanted: Phase, within_s: float) -> bool:
        """Advance until the drill is in one of the phases; False when the time was up first."""
        return self.advance_until(lambda: self.drill.phase in phases_wanted, within_s=within_s)

    def advance_until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        deadline = self._clock.now() + within_s
        while True:
            self.advance()
            if condition():
                return True
            if self._clock.now() >= deadline:
                return False
            self._clock.sleep(LOOK_EVERY_S)

    def advance(self) -> None:
        """One look at the users, the pager and the journal, and everything that follows from it."""
        self._replay()
        self._witness_changes()
        self._gather_evidence()
        facts = self._look()
        while decision := decide(self.drill, facts, self.rules):
            if isinstance(decision, Disturb):
                self._disturb(decision.trial)
                return
            try:
                self._carry_out(decision, facts)
            except JournalMoved:
                self._replay()
                facts = self._look()
                continue
            if isinstance(decision, Conclude):
                return

    def _carry_out(self, decision: Record | Conclude, facts: Facts) -> None:
        """JournalMoved when somebody typed something since we looked: what was decided may be wrong."""
        seen = self._seen
        if isinstance(decision, Record):
            more = phases.sent(self._lab, decision.payload["alert"]) if decision.kind == "page.fired" else {}
            self._append(decision.kind, expect_seq=seen, **decision.payload, **more)
            return
        verdict = phases.verdict(self._lab, self.scenario, decision)
        payload = {"second": facts.last, **phases.plain(verdict)}
        self._lab.journal.append("verdict", payload, expect_seq=seen)
        self.concluded = verdict
        self._replay()

    def _witness_changes(self) -> None:
        """Journal what a learner changed with tools of their own; scripts have none."""
        if self.drill.mode == "drill":
            for sight in self._witness.look(since_wall_s=self.drill.begun_wall_s):
                self._append(KIND, **sight.payload())

    def _gather_evidence(self) -> None:
        """Journal the next piece of what could be found out, for the debrief; proofs execute their own."""
        if not evidence.due(self.drill, self.rules.page, self._seconds):
            return
        seen = self._seen
        if found := self._evidence.find():
            with suppress(JournalMoved):  # somebody may have acted meanwhile: the next look decides anew
                self._append(evidence.KIND, expect_seq=seen, **found)

    def _disturb(self, trial: int) -> None:
        """Void when a change was begun meanwhile, or the drill was ended: the fold says so."""
        challenge = self.scenario.challenge[trial]
        told: dict[str, Any] = {}
        if not self.rules.trials[trial].must_survive:
            told["invariants"] = [vars(each) for each in phases.invariants(self._lab, self.scenario)]
        if challenge.kind is not ChallengeKind.NONE:
            phases.disturb(self._lab, self.scenario, challenge)
        self._append("phase.challenged", second=self._now(), challenge=str(challenge.kind), **told)

    def end(self, how: str, **why: Any) -> None:
        self._append("drill.ended", how=how, second=self._now(), **why)

    def _now(self) -> int:
        return self._lab.load.poll(after=self._last()).now

    def _last(self) -> int:
        return self._seconds[-1].number if self._seconds else self.drill.begun

    def _look(self) -> Facts:
        sli = self._lab.load.poll(after=self._last())
        if self.drill.run and sli.run != self.drill.run:
            raise DrillVoid(
                f"the load was restarted during the drill (run {self.drill.run} became {sli.run}): "
                "what users felt before and after cannot be put together",
                hint="labctl reset",
            )
        self._seconds.extend(sli.seconds)
        self._hold = self._hold.feed_all(counted(self.drill, sli.seconds))
        return Facts(self._seconds, sli.now, phases.firing(self._lab), self._hold)

    def _replay(self) -> None:
        """Take in what others (the learner's own commands) wrote to the journal meanwhile."""
        for event in self._lab.journal.read(after=self._seen):
            self._fold(event)
            self._on_event(event)

    def note(self, kind: str, **payload: Any) -> None:
        """Append something that happened in the drill beside its phases."""
        self._append(kind, **payload)

    def _append(self, kind: str, *, expect_seq: int | None = None, **payload: Any) -> None:
        self._lab.journal.append(kind, payload, expect_seq=expect_seq)
        self._replay()

    def _fold(self, event: Event) -> None:
        self._seen = event.seq
        self._evidence.hear(event)
        before, self.drill = self.drill, step(self.drill, event)
        if before.acting != self.drill.acting:
            self.concluded = None
        if (before.judged_from, before.acted_wall_s) != (self.drill.judged_from, self.drill.acted_wall_s):
            self._hold = hold_of(self.drill, self._seconds, self.rules)
