"""One attempt of a proof: a scenario injected once into a clean lab, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labctl.actions.change import Change, Role
from labctl.clock import Clock, duration
from labctl.engine import phases
from labctl.engine.driver import Driver
from labctl.engine.machine import Phase
from labctl.judge import RECOVERED_S, ChallengeKind, Colour, Outcome, Verdict, red_now
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.lab.reset import reset
from labctl.proof import Check, Grade, Proof
from labctl.proving import bottleneck, symptoms
from labctl.proving.bench import FIX_ALLOWANCE_S, Bench
from labctl.proving.bottleneck import Limit
from labctl.proving.conditions import OVERLOADED, Usage, conditions
from labctl.proving.told import told
from labctl.scenario.model import Decoy, Fix, Scenario, UniversalName
from labctl.scenario.universal import Universal, universal

AGAIN_WITHIN_S = 60.0
THIN = "users are neither hurt nor well, which proves nothing"
_UNDECIDED_S = 180.0
"""How much longer a decoy is watched while a hold or a challenge runs."""


class Attempt:
    """Resets the lab, breaks it as the scenario says, and tries decoys or a fix; adds to the proof.

    `siblings` are the other scenarios of the family in the same run: their evidence is executed here.
    """

    def __init__(
        self,
        lab: Lab,
        scenario: Scenario,
        proof: Proof,
        *,
        clock: Clock,
        bench: Bench | None = None,
        siblings: Sequence[Scenario] = (),
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._lab, self._scenario, self._proof, self._clock = lab, scenario, proof, clock
        self._bench, self._siblings = bench or Bench(), siblings
        self._cpu_share = 0.0
        reset(lab)
        self._driver = Driver(lab, scenario, clock=clock, on_event=on_event)

    def note_conditions(self, part: str) -> None:
        """Add to the proof under what this attempt was measured, once it is over."""
        seconds, cores = self._driver.seconds, self._bench.machine.cores
        self._proof.conditions.append(conditions(part, self._cpu_share, cores, seconds))

    def stays_red(self, decoys: Sequence[Decoy | Universal], *, with_evidence: bool) -> None:
        """One injection; each decoy in turn, undone again, must leave users as unhappy as before."""
        self._break(with_evidence=with_evidence)
        for number, decoy in enumerate(decoys, start=1):
            if phases.take_back(self._lab, self._decoy(decoy)) and number < len(decoys):
                self._require_red_again(_name(decoy))
        self._driver.end("decoys tried")

    def turns_green(self, fix: Fix, *, with_evidence: bool = False) -> None:
        """The fix must give users their objectives back, hold, and survive what it says it does."""
        driver = self._driver
        driver.rules = driver.rules.surviving(fix.must_survive)
        self._break(with_evidence=with_evidence)
        began, before = self._clock.now(), self._bench.machine.usage()
        phases.take_steps(self._lab, fix.do, Role.FIX)
        self._require_in_time(fix, self._clock.now() - began)
        verdict = self._patiently()
        grade, said = self._excused(verdict.outcome, str(verdict), before)
        took_s = self._clock.now() - began
        self._proof.add(Check("fix", fix.name, grade, said, verdict.margin, took_s))
        if verdict.outcome is Outcome.MITIGATED:
            self._rho(bottleneck.FIXED)
        driver.end("fix tried")

    def _excused(self, outcome: Outcome, said: str, before: Usage) -> tuple[Grade, str]:
        """What a fix came to; on a machine that had no room for it, that it did not help says nothing."""
        share = self._bench.machine.usage().share_since(before)
        mended = outcome is Outcome.MITIGATED
        if mended or share < OVERLOADED:
            return _grade(outcome, wanted=mended), said
        return (
            Grade.UNJUDGED,
            f"the machine was {share:.0%} busy, too busy to tell ({OVERLOADED:.0%}): {said}",
        )

    def _patiently(self) -> Verdict:
        """What became of a fix, which is given the time to drain what has piled up."""
        driver = self._driver
        self._await_verdict(FIX_ALLOWANCE_S + 2 * driver.rules.hold_s)
        self._await_end_of_hold()
        return driver.verdict()

    def _require_in_time(self, fix: Fix, took_s: float) -> None:
        """A fix may not take longer than somebody who does nothing was proven to wait in vain."""
        self._bench.fixes.took(self._scenario.id, fix.name, took_s)
        allowed_s = self._bench.fixes.waited_s(self._scenario.id)
        if took_s > allowed_s:
            said = f"took {took_s:.0f} s; that long nobody was proven to wait in vain ({allowed_s:.0f} s)"
            self._proof.require(Check("fix", fix.name, Grade.FAILED, said, took_s=took_s))

    def _break(self, *, with_evidence: bool) -> None:
        self._green()
        self._rho(bottleneck.HEALTHY)
        self._driver.inject()
        self._red()
        self._page()
        if with_evidence:
            self._evidence()
        self._rho(bottleneck.FAULTED)

    def _rho(self, limit: Limit) -> None:
        if self._scenario.bottleneck is None:
            return
        drill = self._driver.drill
        changed_wall_s = max(drill.injected_wall_s, drill.acted_wall_s)

        def settled() -> bool:
            return self._clock.wall() >= changed_wall_s + bottleneck.SETTLED_S

        self._driver.advance_until(settled, within_s=bottleneck.SETTLED_S)
        self._proof.add(bottleneck.rho(self._lab, self._scenario.bottleneck, limit))

    def _green(self) -> None:
        driver, machine = self._driver, self._bench.machine
        driver.begin("verify")
        before = machine.usage()
        phases.take_steps(self._lab, self._scenario.noise, Role.NOISE)
        driver.until(Phase.GREEN, within_s=phases.GREEN_WITHIN_S)
        self._cpu_share = machine.usage().share_since(before)
        self._proof.require(symptoms.green(driver, phases.firing(self._lab)))

    def _red(self) -> None:
        expect = self._scenario.expect
        self._driver.until(Phase.RED, within_s=expect.red + phases.FINAL_AFTER_S)
        self._proof.require(symptoms.red(self._driver, expect))

    def _page(self) -> None:
        driver, name = self._driver, self._scenario.expect.page
        if name is None:
            return
        driver.advance_until(lambda: driver.drill.fired_wall_s is not None, within_s=phases.PAGE_WITHIN_S)
        fired_wall_s = driver.drill.fired_wall_s
        if fired_wall_s is not None:  # until its second is final, and users' own counts say it, too
            driver.advance_until(
                lambda: driver.seconds[-1].wall_s > fired_wall_s and symptoms.page_due(driver) is not None,
                within_s=phases.FINAL_AFTER_S,
            )
        self._proof.require(symptoms.page(driver, name, phases.firing(self._lab)))

    def _evidence(self) -> None:
        for check in told(self._lab, self._driver, self._scenario):
            self._proof.add(check)
        self._bench.witnesses.ask(self._lab, self._scenario, self._siblings)

    def _decoy(self, decoy: Decoy | Universal) -> list[Change]:
        """What was done, which still stands."""
        began = self._clock.now()
        done = phases.take_steps(self._lab, decoy.do, Role.DECOY)
        self._await_verdict(self._watched_s(decoy))
        self._await_end_of_hold()
        verdict = self._driver.verdict()
        healed = verdict.outcome is Outcome.MITIGATED
        thin = self._thin(verdict)
        said = f"it restored the SLO, so it is no decoy: {verdict}" if healed else str(verdict)
        if thin:
            said = f"{THIN}: {verdict}"
        grade = _grade(verdict.outcome, wanted=not healed and not thin)
        check = Check("decoy", _name(decoy), grade, said, took_s=self._clock.now() - began)
        if healed:
            self._proof.require(check)
        self._proof.add(check)
        return done

    def _thin(self, verdict: Verdict) -> bool:
        """Neither red nor green at the end of it."""
        return verdict.outcome is Outcome.NOT_RESTORED and self._driver.hold.reading.colour is Colour.THIN

    def _watched_s(self, decoy: Decoy | Universal) -> float:
        """As long as a hold takes; nobody acting for what the longest fix may take and 30 s more."""
        hold_s = self._driver.rules.hold_s
        if not (isinstance(decoy, Universal) and decoy.name is UniversalName.DO_NOTHING):
            return hold_s
        scenario, fixes = self._scenario, self._bench.fixes
        declared = [each.name for each in universal(scenario) if each.is_fix]
        allowance_s = fixes.allowance_s(scenario.id, [*(fix.name for fix in scenario.fixes), *declared])
        fixes.waited(scenario.id, allowance_s)
        return allowance_s + hold_s + 30.0

    def _require_red_again(self, name: str) -> None:
        """A decoy was taken back: the incident must be there again, or the next one would prove nothing.

        What has ended while everybody was turned away (a retry storm) is given the time of a hold: then the
        driver challenges, and the trigger brings it back.
        """
        since_s = self._clock.wall()
        journey = self._scenario.expect.journey

        def red() -> bool:
            fresh = [second for second in self._driver.seconds if second.wall_s > since_s]
            return red_now(fresh, journey)

        replayed = any(each.kind is ChallengeKind.REPLAY for each in self._scenario.challenge)
        within_s = AGAIN_WITHIN_S + replayed * self._driver.rules.hold_s
        if not self._driver.advance_until(red, within_s=within_s):
            said = f"{journey} is not red again {duration(within_s)} after it was taken back"
            self._proof.require(Check("decoy", name, Grade.FAILED, said))

    def _await_end_of_hold(self) -> None:
        """What begins to look well is given the time to become a recovery, and a recovery to end.

        Where hardly anybody comes the last seconds nearly always look well: too few of them failed to count.
        """
        driver = self._driver
        driver.advance_until(lambda: not 0 < driver.hold.held_s < RECOVERED_S, within_s=2 * RECOVERED_S)
        self._await_verdict(
            _UNDECIDED_S,
            or_when=lambda: driver.drill.phase is Phase.RED and driver.hold.held_s < RECOVERED_S,
        )

    def _await_verdict(self, within_s: float, *, or_when: Callable[[], bool] = lambda: False) -> None:
        driver = self._driver
        driver.advance_until(lambda: driver.concluded is not None or or_when(), within_s=within_s)


def _grade(outcome: Outcome, *, wanted: bool) -> Grade:
    if outcome is Outcome.COULD_NOT_JUDGE:
        return Grade.UNJUDGED
    return Grade.PASSED if wanted else Grade.FAILED


def _name(decoy: Decoy | Universal) -> str:
    return decoy.name.replace("-", " ") if isinstance(decoy, Universal) else decoy.name
