"""A whole incident without a process: a double of a lab whose users suffer by a rule over what is wanted.

Time moves when someone sleeps; each second that passes becomes one second of users' experience.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labctl import assets, attempt, drill, verify
from labctl.clock import FakeClock
from labctl.lab.lab import Lab
from labctl.lab.reach import Alert, Sample, Unreachable
from labctl.lab.reset import Reset
from labctl.oncall import moves
from labctl.proof import Proof
from labctl.proving import run as proving_run
from labctl.proving.conditions import ThisMachine, Usage
from labctl.scenario.loader import loads
from labctl.scenario.model import Scenario
from labctl.slo.sli import Second, Tally
from labctl.stack.compose import baseline
from labctl.stack.wanted import Wanted
from tests.lab import double

RATES: Mapping[str, int] = {
    "home": 10,
    "product": 10,
    "search": 10,
    "cart": 10,
    "checkout": 12,
    "order-status": 10,
    "account-history": 10,
}
PAGE_AFTER_S = 4
"""Bad seconds in a row after which the world's Alertmanager pages."""

Hurt = Callable[[Wanted], Mapping[str, float]]
"""What users feel under what is wanted: the share of failures per journey."""


def pool_shrunk(wanted: Wanted) -> Mapping[str, float]:
    """The real incident's rule: connections over all replicas, and nobody served without a checkout."""
    if wanted.flags.get("maintenance") == "on":
        return dict.fromkeys(RATES, 1.0)
    want = wanted["checkout"]
    each = int(want.environment.get("DB_POOL_MAX", 2 if want.release == "2.4.0" else 8))
    if want.replicas == 0:
        return {"checkout": 1.0, "cart": 1.0}
    return {"checkout": 0.9} if each * want.replicas < 4 else {}


@dataclass(frozen=True)
class Poll:
    run: str
    now: int
    seconds: Sequence[Second]


@dataclass(frozen=True)
class Deed:
    """What someone at another terminal does, once, at the first second at which `when` is true."""

    when: Callable[[], bool]
    do: Callable[[], object]


@dataclass
class World:
    """The load and the pager of a lab that does not exist; a test may end either."""

    clock: FakeClock
    wanted: Callable[[], Wanted]
    hurt: Hurt = pool_shrunk
    run: str = "run-1"
    dead: bool = False
    pages: bool = True
    page_after_s: int = PAGE_AFTER_S
    paged_before_s: float = 0.0  # how long ago a page says that it began
    answers: dict[str, list[float]] = field(default_factory=dict)  # Prometheus', by query
    late_p99_ms: float = 2.0
    seconds: list[Second] = field(default_factory=list)
    traffic: dict[str, Any] = field(default_factory=dict)  # the profile that was asked for last
    deeds: list[Deed] = field(default_factory=list)
    bad_s: int = 0
    busy: float = 0.5  # the share of the machine's cores
    _passed: float = 0.0

    def tick(self, seconds: float) -> None:
        self._passed += seconds
        while self._passed >= 1.0:
            self._passed -= 1.0
            self._second()

    def _second(self) -> None:
        shares = self.hurt(self.wanted())
        self.bad_s = self.bad_s + 1 if shares else 0
        journeys = {}
        for name, due in RATES.items():
            bad = round(due * shares.get(name, 0.0))
            journeys[name] = Tally(due=due, good=due - bad, bad=bad)
        expected = {name: float(rate) for name, rate in RATES.items()}
        number = len(self.seconds) + 1
        began = self.clock.wall() - self._passed - 1.0
        self.seconds.append(Second(number, began, journeys, expected, self.late_p99_ms))
        for deed in [each for each in self.deeds if each.when()]:
            self.deeds.remove(deed)
            deed.do()

    def poll(self, after: int = 0) -> Poll:
        if self.dead:
            raise Unreachable("load does not answer")
        return Poll(self.run, len(self.seconds) + 1, [s for s in self.seconds if s.number > after])

    def set_profile(self, profile: str, **parameters: Any) -> dict[str, Any]:
        self.traffic = {"profile": profile, **parameters}
        return self.traffic

    def alerts(self) -> list[Alert]:
        if not self.pages or self.bad_s < self.page_after_s:
            return []
        labels = {"severity": "page"}
        return [Alert("CheckoutBudgetBurn", "active", labels, {}, self.clock.wall() - self.paged_before_s)]

    def query(self, text: str) -> list[Sample]:
        return [Sample({}, value, self.clock.wall()) for value in self.answers.get(text, [])]


class WorldLab(Lab):
    """A lab over a world: the same code as ever, but for the clients of the load and the monitoring."""

    world: World

    @property
    def load(self) -> Any:
        return self.world

    @property
    def alertmanager(self) -> Any:
        return self.world

    @property
    def prometheus(self) -> Any:
        return self.world


def build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLab:
    """A lab that is up in a world of its own; resets take it back to baseline."""
    slos = assets.path("slos")
    plain, runtime = double.lab(folder, monkeypatch)
    (assets.root() / "slos").symlink_to(slos)
    clock = plain.clock
    assert isinstance(clock, FakeClock)
    lab = WorldLab(plain.site, plain.kind, plain.stack, runtime, plain.journal, clock)
    world = World(clock, runtime.wanted)
    object.__setattr__(lab, "world", world)
    clock.on_tick = world.tick
    for module in (attempt, drill, moves, proving_run):
        monkeypatch.setattr(module, "reset", reset)
    monkeypatch.setattr(ThisMachine, "usage", lambda _: Usage(world.busy * clock.now(), clock.now()))
    monkeypatch.setenv("LABCTL_HOME", str(folder / "home"))
    return lab


def reset(lab: WorldLab) -> Reset:
    """What a reset is to a world."""
    lab.apply(baseline(lab.stack))
    lab.world.bad_s = 0
    done = Reset(lab.world.run, 0, 0, 1.0, (("stack", 1.0),))
    lab.journal.append("lab.reset", {**vars(done), "steps": dict(done.steps)})
    return done


SCENARIO = """
id: pool-shrunk
code: checkout-03
title: Paying takes for ever
family: checkout-slow
level: 2
briefing: A weekday.
faults:
  - deploy: {component: checkout, release: 2.4.0}
expect: {journey: checkout, red: 20s, page: CheckoutBudgetBurn}
hold: 30s
challenge: restart
fixes:
  - name: roll back
    do: [rollback: {component: checkout}]
decoys:
  - name: run three edges
    why: the pool is as small as it was
    do: [scale: {component: edge, replicas: 3}]
hints:
  - {cost: 5, text: look}
debrief:
  about: The pool was cut.
  contributing_factors: [one, two]
  fix_for_good: [three]
"""


def scenario(*replacements: tuple[str, str]) -> Scenario:
    """The scenario with parts of its text replaced; a part that is not there is a mistake of the test."""
    text = SCENARIO
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return loads(text, "test.yaml")


def prove(lab: WorldLab, chosen: Scenario, only: str | None = None) -> Proof:
    return verify.verify(lab, chosen, clock=lab.clock, only=only)
