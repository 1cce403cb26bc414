"""What the driver does to a lab and asks of it, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from labctl.actions.change import Change, Role
from labctl.actions.perform import perform, undo
from labctl.actions.restart import Restart
from labctl.clock import await_until
from labctl.engine.decide import Conclude, Rules, Trial, hold_of
from labctl.engine.machine import Drill
from labctl.errors import CannotRunHere, CouldNotJudge, LabError, UsageError
from labctl.judge import Colour, Hold, InvariantResult, Outcome, Verdict, conclude, ignored_s
from labctl.lab.lab import Lab
from labctl.lab.reach import Unreachable
from labctl.runtimes import journeys
from labctl.runtimes.base import State
from labctl.scenario.asked import Evidence, Figure, Invariant
from labctl.scenario.challenge import Challenge
from labctl.scenario.model import Scenario
from labctl.scenario.steps import Act, Wait
from labctl.scenario.universal import sick
from labctl.slo.burn import PAGES, burn_rate
from labctl.slo.openslo import Objective, objectives
from labctl.slo.rules import ratio_name

BY = "engine"
GREEN_WITHIN_S = 90.0
FINAL_AFTER_S = 10.0
"""A second is final when its slowest user has given up, and then it still has to be read."""
PAGE_WITHIN_S = 60.0
USUAL_RESTART_S = 3.0
"""How long a restart takes where no reset has measured it yet."""


def rules(lab: Lab, scenario: Scenario) -> Rules:
    """What the scenario asks, with restart times as this machine's last reset measured them."""
    journeys.require_told(lab.site)
    promises = {objective.journey: objective for objective in objectives()}
    targets = {journey: promise.target for journey, promise in promises.items()}
    restarts = [event.payload["steps"]["stack"] for event in lab.journal.read() if event.kind == "lab.reset"]
    restart_s = restarts[-1] if restarts else USUAL_RESTART_S
    trials = (Trial(each.kind, ignored_s(each.kind, restart_s)) for each in scenario.challenge)
    return Rules(
        journey=scenario.expect.journey,
        threshold_s=promises[scenario.expect.journey].threshold_s,
        objectives={**targets, **scenario.objectives},
        hold_s=scenario.hold,
        page=scenario.expect.page,
        tolerated_shed=scenario.tolerates_shed,
        trials=() if scenario.judgement else tuple(trials),
        judgement=scenario.judgement,
    )


def require_capabilities(lab: Lab, scenario: Scenario) -> None:
    """CannotRunHere unless the runtime can do what the scenario requires; never a pass or a fail."""
    missing = sorted(set(scenario.requires) - lab.runtime.capabilities)
    if missing:
        raise CannotRunHere(
            f"{scenario.code} needs {', '.join(missing)}, which the {lab.runtime.kind} runtime lacks here",
            hint="labctl doctor says what this machine can run",
        )


def bring_users(lab: Lab, scenario: Scenario) -> None:
    """The scenario's traffic, from the next second on; UsageError when load cannot drive it."""
    wish = scenario.load
    lab.load.set_profile(wish.profile, **({} if wish.rate is None else {"rate": wish.rate}))


def firing(lab: Lab) -> dict[str, float]:
    """Pages that Alertmanager has sent and not taken back: name → when it began, wall seconds.

    None when it does not answer: the judge never depends on what an incident may break.
    """
    try:
        alerts = lab.alertmanager.alerts()
    except Unreachable:
        return {}
    return {
        alert.name: alert.since_wall_s
        for alert in alerts
        if alert.state == "active" and alert.labels.get("severity") == "page"
    }


def sent(lab: Lab, name: str) -> dict[str, Any]:
    """What the page that fires under this name says, kept because it will clear: its annotations, and
    `burn`, the highest of the burn rates that its rules look at, as Prometheus has them now."""
    try:
        alerts = lab.alertmanager.alerts()
        rates = [rate for each in objectives() if each.alert == name for rate in _burning(lab, each)]
    except Unreachable:
        return {}
    wanted = ("summary", "description", "runbook")
    said = [alert.annotations for alert in alerts if alert.name == name and alert.state == "active"]
    found: dict[str, Any] = {key: said[0][key] for key in wanted if key in said[0]} if said else {}
    return {**found, "burn": max(rates)} if rates else found


def _burning(lab: Lab, objective: Objective) -> list[float]:
    """How many times too fast an objective's budget burns, by each window of its pages."""
    windows = [window for alert in PAGES for window in (alert.long_s, alert.short_s)]
    selector = f'{{journey="{objective.journey}"}}'
    samples = [sample for each in windows for sample in lab.prometheus.query(ratio_name(each) + selector)]
    return [burn_rate(sample.value, objective.target) for sample in samples]


def take_steps(lab: Lab, steps: Iterable[Act | Wait], role: Role) -> list[Change]:
    """Do a scenario's steps in order; each action has taken effect when the next begins."""
    done = []
    for step in steps:
        if isinstance(step, Wait):
            await_settled(lab, within_s=step.within)
        else:
            age_s = -(step.at_s or 0.0)
            done.append(perform(lab, step.action, role=role, by=BY, age_s=age_s))
    return done


def take_back(lab: Lab, done: Sequence[Change]) -> bool:
    """Undo what still stands of some changes, the newest first; whether there was anything."""
    standing = [change for change in reversed(done) if change.outstanding]
    for change in standing:
        undo(lab, change)
    return bool(standing)


def await_settled(lab: Lab, *, within_s: float) -> None:
    """Wait until every replica is ready."""

    def unsettled() -> list[str]:
        replicas = lab.runtime.observe()
        return [f"{each.name} is {each.state}" for each in replicas if each.state is not State.READY]

    await_until(
        lambda: not unsettled(),
        what="every replica is ready",
        within_s=within_s,
        clock=lab.clock,
        last_seen=lambda: ", ".join(unsettled()) or "nothing",
    )


def disturb(lab: Lab, scenario: Scenario, challenge: Challenge) -> None:
    """Try the mitigation: restart as the learner left it, or the challenge's own steps."""
    if challenge.do:
        take_steps(lab, challenge.do, Role.INJECT)
    else:
        component = challenge.component or sick(scenario)
        perform(lab, Restart(component=component), role=Role.INJECT, by=BY)


def verdict(lab: Lab, scenario: Scenario, decision: Conclude) -> Verdict:
    """Measure the invariants and judge.

    What a challenge that need not be survived keeps from being read is taken as it was before that challenge.
    """
    measured = invariants(lab, scenario)
    before = {each["say"]: InvariantResult(**each) for each in decision.invariants}
    fell = [each for each in decision.challenges if each.reading.colour is not Colour.GREEN]
    if any(not each.must_survive for each in fell):
        measured = [each if each.was_read else before.get(each.say, each) for each in measured]
    return conclude(decision.hold, decision.challenges, measured, problems=decision.problems)


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the journal keeps it."""
    return {
        "outcome": str(verdict.outcome),
        "durable": verdict.durable,
        "reasons": list(verdict.reasons),
        "first": verdict.first,
        "last": verdict.last,
        "margin": 0.0 if verdict.margin is None else verdict.margin,
    }


def from_plain(payload: Mapping[str, Any]) -> Verdict:
    """A verdict from the journal, without its journeys' counts."""
    outcome, reasons = Outcome(payload["outcome"]), tuple(payload["reasons"])
    return Verdict(outcome, payload["durable"], reasons, payload["first"], payload["last"], ())


def standing(lab: Lab, scenario: Scenario, drill: Drill) -> Hold:
    """The hold as the drill's driver sees it, worked out anew; nothing is locked or written.

    CouldNotJudge when the load was restarted during the drill.
    """
    sli = lab.load.poll(after=drill.begun)
    if sli.run != drill.run:
        raise CouldNotJudge("the load was restarted during the drill", hint="labctl reset")
    return hold_of(drill, sli.seconds, rules(lab, scenario))


def invariants(lab: Lab, scenario: Scenario) -> list[InvariantResult]:
    """All of a scenario's as the data is now."""
    return [measure(lab, invariant) for invariant in scenario.invariants]


def measure(lab: Lab, invariant: Invariant) -> InvariantResult:
    """One invariant as the data is now."""
    expected = str(invariant.equals)
    try:
        value = _one_value(lab, invariant.sql, invariant.database)
    except (LabError, psycopg.Error) as error:
        return InvariantResult(invariant.say, expected, error=str(error).strip())
    return InvariantResult(invariant.say, expected, measured=None if value is None else str(value))


@dataclass(frozen=True)
class Shown:
    """A piece of evidence or a figure as it was found; `value` is None when nothing was."""

    asked: Evidence | Figure
    value: float | str | None

    @property
    def holds(self) -> bool:
        return self.value is not None and self.asked.accepts(self.value)

    @property
    def said(self) -> str:
        """Measured against required."""
        found = f"{self.value:.3g}" if isinstance(self.value, float) else str(self.value or "nothing")
        return f"{found}, required {self.asked.required()}"


_PATIENCE = b"set statement_timeout = '5s'"
"""Whoever asks may come to wait for a lock, and gives up like everybody else."""
_ASIDE = b"set pg_stat_statements.track = 'none'"


def show(lab: Lab, asked: Evidence | Figure, *, aside: bool = False) -> Shown:
    """Measure it; UsageError when it has more than one value, or Postgres refuses it.

    `aside` is for while somebody works on the incident: SQL leaves nothing in `pg_stat_statements` for
    them to come across.
    """
    if asked.sql is not None:
        try:
            value = _one_value(lab, asked.sql, asked.database, aside=aside)
        except psycopg.Error as error:
            first_line, _, _ = str(error).partition("\n")
            raise UsageError(f"{asked.noun} {asked.say!r} is refused: {first_line}") from error
        return Shown(asked, value if value is None or isinstance(value, str) else float(value))
    samples = lab.prometheus.query(asked.query or "")
    if len(samples) > 1:
        raise UsageError(f"{asked.noun} {asked.say!r} has {len(samples)} values; aggregate it to one")
    return Shown(asked, samples[0].value if samples else None)


def _one_value(lab: Lab, sql: str, database: str, *, aside: bool = False) -> Any:
    with lab.sql(database) as connection:
        connection.execute(_PATIENCE)
        if aside:
            connection.execute(_ASIDE)
        row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None
