"""Judgement: the incident that is none. Users stay well; the right thing keeps them so, a wrong one harms."""

from __future__ import annotations

from labctl.actions.change import Role
from labctl.attempt import Attempt
from labctl.clock import duration
from labctl.engine import phases
from labctl.judge import Hold, InvariantResult, conclude, first_red
from labctl.judge.problems import LATE_MS
from labctl.proof import Check, Grade
from labctl.scenario.model import Decoy, Fix
from labctl.scenario.universal import Universal

_MORE_S = 30.0
"""How much longer than a hold may take until each journey had enough requests."""


class Judgement(Attempt):
    """One attempt at a scenario of judgement. Harm must be real: it is measured, never staged."""

    def turns_out_right(self, fix: Fix, *, with_evidence: bool) -> None:
        """Users stay well through it for as long as a hold takes, and the invariants are true at its end."""
        self._calm(with_evidence=with_evidence)
        began, since = self._clock.now(), self._driver.seconds[-1].number
        before = self._bench.machine.usage()
        phases.take_steps(self._lab, fix.do, Role.FIX)
        self._watch(since)
        verdict = conclude(self._hold(since), (), self._invariants())
        grade, said = self._excused(verdict.outcome, "; ".join(verdict.reasons), before)
        if grade is Grade.FAILED:
            said = f"it is not right: {said}"
        margin = min((journey.margin for journey in verdict.journeys), default=None)
        self._proof.add(Check("fix", fix.name, grade, said, margin, self._clock.now() - began))
        self._driver.end("right thing tried")

    def does_harm(self, decoy: Decoy | Universal) -> None:
        """A wrong way turns a journey red in time, or breaks an invariant; else it is merely unneeded."""
        self._calm(with_evidence=False)
        began, since = self._clock.now(), self._driver.seconds[-1].number
        held_before = {each.say for each in self._invariants() if each.holds}
        phases.take_steps(self._lab, decoy.do, Role.DECOY)
        within_s = self._scenario.expect.red + phases.FINAL_AFTER_S
        self._driver.advance_until(lambda: bool(self._red_since(since)), within_s=within_s)
        red = self._red_since(since)
        results = self._invariants()
        unread = [str(each) for each in results if each.measured is None]
        lost = [each for each in results if each.say in held_before and not each.holds]
        broken = [str(each) for each in lost if each.measured is not None]
        took_s = self._clock.now() - began
        grade, said = Grade.PASSED, "; ".join([*red, *broken])
        if not said and unread:
            grade, said = Grade.UNJUDGED, "; ".join(unread)
        elif not said:
            within = duration(self._scenario.expect.red)
            grade, held = Grade.FAILED, self._hold(since).explain()
            said = f"it harms nobody within {within}, so it is unneeded and not wrong: {held}"
        self._proof.add(Check("decoy", decoy.name, grade, said, took_s=took_s))
        self._driver.end("wrong way tried")

    def _calm(self, *, with_evidence: bool) -> None:
        """Green, then what looks like an incident, and users who do not feel it."""
        self._green()
        self._driver.inject()
        since = self._driver.drill.injected
        self._watch(since)
        hold = self._hold(since)
        passed = hold.complete and not self._red_since(since)
        grade = Grade.PASSED if passed else Grade.FAILED
        if not passed and hold.reading.problems:
            grade = Grade.UNJUDGED
        said = "; ".join(self._red_since(since)) or hold.explain()
        name = "users stay well"
        if grade is Grade.FAILED:
            said = f"what is to be judged hurts them already: {said}"
        margin = min((journey.margin for journey in hold.reading.journeys), default=None)
        self._proof.require(Check("calm", name, grade, said, margin))
        self._alarm()
        if with_evidence:
            self._evidence()

    def _alarm(self) -> None:
        """The page, where there is one: here nothing that users feel could make it due."""
        name, driver = self._scenario.expect.page, self._driver
        if name is None:
            return
        driver.advance_until(lambda: driver.drill.fired_wall_s is not None, within_s=phases.PAGE_WITHIN_S)
        if driver.drill.fired_wall_s is None:
            said = f"{name} did not fire within {duration(phases.PAGE_WITHIN_S)}"
            self._proof.require(Check("page", name, Grade.FAILED, said))
            return
        after_s = driver.drill.fired_wall_s - driver.drill.injected_wall_s
        said = f"fired {after_s:.1f} s after the fault, though users are well"
        self._proof.require(Check("page", name, Grade.PASSED, said, took_s=after_s))

    def _watch(self, since: int) -> None:
        """Until users were well for as long as a hold takes, or are not."""
        self._driver.advance_until(
            lambda: self._hold(since).complete or bool(self._red_since(since)),
            within_s=self._driver.rules.hold_s + phases.FINAL_AFTER_S + _MORE_S,
        )

    def _hold(self, since: int) -> Hold:
        """How long users have been well since a second, whoever acted meanwhile."""
        rules = self._driver.rules
        empty = Hold(
            required_s=rules.hold_s,
            objectives=rules.objectives,
            start_after=since,
            tolerated_shed=rules.tolerated_shed,
        )
        return empty.feed_all(self._driver.seconds)

    def _red_since(self, since: int) -> list[str]:
        """Which journeys turned red after a second, and how soon.

        What came before it is nobody's harm, nor is a second in which the load itself was late.
        """
        seconds = [
            each for each in self._driver.seconds if each.number > since and each.late_p99_ms <= LATE_MS
        ]
        found = []
        for journey, target in self._driver.rules.objectives.items():
            red = first_red(seconds, journey, target=target)
            if red is not None:
                found.append(f"{journey} is red after {red - since} s")
        return found

    def _invariants(self) -> list[InvariantResult]:
        return [phases.measure(self._lab, invariant) for invariant in self._scenario.invariants]
