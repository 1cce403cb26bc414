"""The demo: one incident from healthy to mitigated, played by a script and told in real numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labctl.actions.change import Role
from labctl.clock import Clock
from labctl.drill import break_it, start
from labctl.engine import phases
from labctl.engine.driver import Driver
from labctl.engine.machine import Phase
from labctl.errors import CouldNotJudge, UsageError
from labctl.judge import Outcome, Verdict
from labctl.judge.reading import tally
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.lab.lock import drive
from labctl.scenario.model import Scenario
from labctl.slo.sli import Second

DECOY_WATCHED_S = 25.0
FIX_WITHIN_S = 240.0
USERS_EVERY_S = 5


def demo(
    lab: Lab,
    scenario: Scenario,
    *,
    clock: Clock,
    on_event: Callable[[Event], None],
    say: Callable[[str], None],
) -> Verdict:
    """Play the scenario with its first decoy and its first fix; `say` gets what no event tells.

    UsageError for one of judgement.
    """
    if scenario.judgement:
        said = f"{scenario.code} is a matter of judgement: nothing is broken that a script could mend"
        raise UsageError(said, hint=f"labctl drill {scenario.code}")
    with drive(lab):
        say(scenario.briefing)
        driver = start(lab, scenario, "demo", clock=clock, on_event=on_event)
        break_it(driver)
        _page(driver, scenario, say)
        _evidence(lab, scenario, say)
        _decoy(lab, driver, scenario, say)
        verdict = _fix(lab, driver, scenario, say)
        driver.end(str(verdict.outcome))
        return verdict


def _page(driver: Driver, scenario: Scenario, say: Callable[[str], None]) -> None:
    if scenario.expect.page is not None:
        told = _Users(driver, say)
        paged = driver.advance_until(
            lambda: told() or driver.drill.fired_wall_s is not None, within_s=phases.PAGE_WITHIN_S
        )
        if not paged:
            raise CouldNotJudge(f"{scenario.expect.page} did not page within {phases.PAGE_WITHIN_S:g} s")
    if scenario.page:
        say(scenario.page)


def _evidence(lab: Lab, scenario: Scenario, say: Callable[[str], None]) -> None:
    say("What the learner could find out:")
    for evidence in scenario.evidence:
        say(f"- {evidence.say}: {phases.show(lab, evidence).said}")


def _decoy(lab: Lab, driver: Driver, scenario: Scenario, say: Callable[[str], None]) -> None:
    if not scenario.decoys:
        return
    decoy = scenario.decoys[0]
    say(f"A plausible idea: {decoy.name}.")
    done = phases.take_steps(lab, decoy.do, Role.DECOY)
    told = _Users(driver, say)
    driver.advance_until(told, within_s=DECOY_WATCHED_S)
    verdict = driver.verdict()
    if driver.hold_runs or verdict.outcome not in (Outcome.NOT_RESTORED, Outcome.MASKED):
        raise CouldNotJudge(f"{decoy.name!r} should not help, and users say: {verdict}")
    say(f"It does not help: {decoy.why}.")
    say(f"The judge says: {verdict}.")
    phases.take_back(lab, done)


def _fix(lab: Lab, driver: Driver, scenario: Scenario, say: Callable[[str], None]) -> Verdict:
    fix = scenario.fixes[0]
    say(f"What helps: {fix.name}.")
    driver.rules = driver.rules.surviving(fix.must_survive)
    phases.take_steps(lab, fix.do, Role.FIX)
    told = _Users(driver, say)
    driver.advance_until(
        lambda: told() or driver.drill.phase is Phase.MITIGATED or _refused(driver), within_s=FIX_WITHIN_S
    )
    return driver.verdict()


def _refused(driver: Driver) -> bool:
    return driver.concluded is not None and driver.concluded.outcome is not Outcome.MITIGATED


class _Users:
    """Says every few seconds what users feel: a callable that is always false, for `advance_until`."""

    def __init__(self, driver: Driver, say: Callable[[str], None]) -> None:
        self._driver, self._say = driver, say
        self._told = driver.seconds[-1].number if driver.seconds else 0

    def __call__(self) -> bool:
        fresh = [second for second in self._driver.seconds if second.number > self._told]
        if len(fresh) >= USERS_EVERY_S:
            self._told = fresh[-1].number
            self._say(f"Users: {self._felt(fresh)}")
        return False

    def _felt(self, seconds: Sequence[Second]) -> str:
        journey = self._driver.scenario.expect.journey
        felt = tally(seconds, journey)
        others = [name for name in self._driver.rules.objectives if name != journey]
        rest = [tally(seconds, name) for name in others]
        rest_due, rest_good = sum(each.due for each in rest), sum(each.good for each in rest)
        hold = f"; {self._held()}" if self._driver.hold_runs else ""
        return (
            f"{journey} {felt.good} of {felt.due} good ({felt.slow} late, {felt.bad} failed), "
            f"everything else {rest_good} of {rest_due}{hold}"
        )

    def _held(self) -> str:
        if self._driver.drill.phase is Phase.CHALLENGED:
            return "the challenge is being judged"
        return f"held {self._driver.hold.held_s} s of {self._driver.rules.hold_s:g} s"
