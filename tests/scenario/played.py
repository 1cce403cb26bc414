"""Any scenario of the catalogue in the World double: users suffer while its faults stand and no fix does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.engine import world
from tests.engine.world import RATES, WorldLab, prove

from labctl import assets
from labctl.actions.base import Edit
from labctl.lab.reach import Alert
from labctl.proof import Proof
from labctl.scenario.asked import Bounds
from labctl.scenario.model import Scenario
from labctl.scenario.noop import PURE
from labctl.scenario.steps import Act, Wait
from labctl.scenario.universal import sick
from labctl.stack.compose import baseline, load_stack
from labctl.stack.wanted import Wanted

REAL_ROOT = assets.root
Fact = tuple[str, str]
Facts = frozenset[tuple[Fact, Any]]


def facts(wanted: Wanted) -> dict[Fact, Any]:
    """What is wanted as flat facts, without how often something was restarted."""
    found: dict[Fact, Any] = {("flag", name): value for name, value in wanted.flags.items()}
    for name, want in wanted.components.items():
        found |= {(name, key): value for key, value in want.environment.items()}
        found |= {(name, "release"): want.release, (name, "replicas"): want.replicas}
        found |= {(name, "limits"): want.limits}
    return found


def changed(before: Wanted, after: Wanted) -> Facts:
    """What is otherwise afterwards; None where it is as it ships again."""
    was, now = facts(before), facts(after)
    return frozenset(
        (fact, now.get(fact)) for fact in was.keys() | now.keys() if was.get(fact) != now.get(fact)
    )


def after(wanted: Wanted, steps: Sequence[Act | Wait], before: Mapping[str, str | None]) -> Wanted:
    """What is wanted once the steps were taken; `before` is the release that a rollback goes back to."""
    for step in steps:
        if isinstance(step, Wait):
            continue
        action = step.action
        concerns = str(action.concerns)
        if action.name == "deploy":
            wanted = wanted.edit(concerns, release=getattr(action, "release", None))
        elif action.name == "rollback":
            wanted = wanted.edit(concerns, release=before[concerns])
        else:
            wanted = cast("Edit", action).edit(wanted, cast("Any", None))
    return wanted


def playable(scenario: Scenario) -> bool:
    """Whether all that it does is an edit of what is wanted, so that a double can tell what it comes to."""
    steps: list[Act | Wait] = [*scenario.faults, *scenario.noise]
    for group in (scenario.fixes, scenario.decoys, scenario.challenge):
        steps += [step for each in group for step in each.do]
    actions = [step.action for step in steps if isinstance(step, Act)]
    edits = all(each.name in PURE | {"deploy", "rollback"} and not _own_code(each) for each in actions)
    plain = edits and scenario.expect.page is not None and not scenario.universal
    return plain and not _restart_decides(scenario)


def _restart_decides(scenario: Scenario) -> bool:
    """Whether a decoy is a fix without its restart, which a double can't tell apart."""
    _, broken, before, cures = _course(scenario)
    tried = [changed(broken, after(broken, decoy.do, before)) for decoy in scenario.decoys]
    return any(cure and cure <= each for each in tried for cure in cures)


def _course(scenario: Scenario) -> tuple[Wanted, Wanted, Mapping[str, str | None], list[Facts]]:
    """What is wanted before it is broken and then, the releases before, and what each fix changes."""
    noisy = after(baseline(load_stack()), scenario.noise, {})
    broken = after(noisy, scenario.faults, {})
    before = {name: want.release for name, want in noisy.components.items()}
    return noisy, broken, before, [changed(broken, after(broken, fix.do, before)) for fix in scenario.fixes]


def _own_code(action: Any) -> bool:
    return action.name == "deploy" and action.release is None


def hurt(truth: Scenario) -> Callable[[Wanted], Mapping[str, float]]:
    """The rule by which this scenario's users suffer, from what it says of itself."""
    noisy, broken, _, cures = _course(truth)
    fault = changed(noisy, broken)
    assert fault, f"{truth.id}: its faults change nothing that the double could see"

    def feel(wanted: Wanted) -> Mapping[str, float]:
        now = facts(wanted)
        if wanted.flags.get("maintenance") == "on":
            return dict.fromkeys(RATES, 1.0)
        if wanted[sick(truth)].replicas == 0:
            return {truth.expect.journey: 1.0}
        stands = all(now.get(fact) == value for fact, value in fault)
        cured = any(cure and all(now.get(fact) == value for fact, value in cure) for cure in cures)
        return {truth.expect.journey: 0.9} if stands and not cured else {}

    return feel


class Answers:
    """What the databases say: for each query of a scenario that is true, what it requires."""

    def __init__(self, truth: Scenario) -> None:
        self.rows = {each.sql: each.equals for each in truth.invariants}
        self.rows |= {each.sql: meeting(each) for each in truth.evidence if each.sql}
        self.rows |= {each.sql: each.about for each in truth.figures if each.sql}
        self._asked: str = ""

    @contextmanager
    def connect(self, *_: object) -> Iterator[Answers]:
        yield self

    def execute(self, sql: bytes) -> Answers:
        self._asked = sql.decode()
        return self

    def fetchone(self) -> tuple[object] | None:
        return (self.rows[self._asked],) if self._asked in self.rows else None


def meeting(bounds: Bounds) -> Any:
    """A value that the bounds accept."""
    if bounds.equals is not None:
        return bounds.equals
    above, below = bounds.above, bounds.below
    if above is not None and below is not None:
        return (above + below) / 2
    return abs(above) * 2 + 1 if above is not None else (below or 0) - abs(below or 1) / 2


def measured(truth: Scenario) -> dict[str, list[float]]:
    """What Prometheus says: to each query of a scenario that is true, what it requires."""
    found = {each.query: [float(meeting(each))] for each in truth.evidence if each.query}
    return found | {each.query: [float(each.about)] for each in truth.figures if each.query}


def play(
    truth: Scenario, told: Scenario, only: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Proof:
    """The proof of what a file tells, in a world where another one is true."""
    lab: WorldLab = world.build(folder, monkeypatch)
    monkeypatch.setattr(assets, "root", REAL_ROOT)
    lab.world.hurt = hurt(truth)
    lab.world.answers |= measured(truth)

    def alerts() -> list[Alert]:
        if lab.world.bad_s < lab.world.page_after_s:
            return []
        return [Alert(str(truth.expect.page), "active", {"severity": "page"}, {}, lab.world.clock.wall())]

    monkeypatch.setattr(lab.world, "alerts", alerts)
    monkeypatch.setattr(WorldLab, "sql", Answers(truth).connect)
    return prove(lab, told, only)
