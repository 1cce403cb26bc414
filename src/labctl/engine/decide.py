"""What follows from the facts: one pure decision at a time, from the state, the seconds and the pager."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labctl.engine.machine import Drill, Phase
from labctl.judge import Challenge, ChallengeKind, Hold, Objectives, first_red, red_now
from labctl.judge.reading import MIN_DUE, RED_WINDOW_S
from labctl.slo.sli import Second, Tally

BASELINE_S = 10
"""How long every journey must be green before anything is broken."""
DRILL_DUE = 50
"""Requests per journey that show a learner a healthy shop in those ten seconds; proofs want 150."""
PATIENCE_S = 30
"""How much longer than the hold a claim waits for users to be well."""
UNTOLD = "nobody was told why it may be left alone (labctl say), so there is no judgement to judge"


@dataclass(frozen=True)
class Trial:
    """A challenge that a mitigation must stand; `must_survive` is false for an open stopgap."""

    kind: ChallengeKind
    ignore_s: float
    must_survive: bool = True


@dataclass(frozen=True)
class Rules:
    """What a scenario asks, as the decisions need it; `journey` is the one it promises to hurt."""

    journey: str
    threshold_s: float  # of that journey: so long its users wait
    objectives: Objectives
    hold_s: float
    page: str | None  # the alert's name
    trials: tuple[Trial, ...]  # one after the other, once the hold is complete
    tolerated_shed: Mapping[str, float]
    judgement: bool = False  # users are well; whoever does harm has judged wrongly

    def surviving(self, must_survive: Callable[[ChallengeKind], bool]) -> Rules:
        """The same rules for a fix that need not survive every challenge."""
        trials = (replace(trial, must_survive=must_survive(trial.kind)) for trial in self.trials)
        return replace(self, trials=tuple(trials))


@dataclass(frozen=True)
class Facts:
    """What can be known now: final seconds since the drill began, the newest second, firing pages."""

    seconds: Sequence[Second]
    now: int
    firing: Mapping[str, float]  # alert name → when it began to fire, seconds since the epoch
    hold: Hold  # fed with every second since the drill may be judged

    @property
    def last(self) -> int:
        return self.seconds[-1].number if self.seconds else 0


@dataclass(frozen=True)
class Record:
    """Append this to the journal."""

    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Disturb:
    """The hold is complete: try the mitigation by the trial with this index."""

    trial: int


@dataclass(frozen=True)
class Conclude:
    """Everything is measured that a verdict needs but the invariants."""

    hold: Hold
    challenges: tuple[Challenge, ...]
    problems: tuple[str, ...] = ()  # what only the drill can know, and what nothing measured makes good
    invariants: tuple[Mapping[str, Any], ...] = ()  # before a challenge that need not be survived


Decision = Record | Disturb | Conclude


def decide(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    """The next thing to do, or None: wait for more seconds."""
    if page := _page(drill, facts, rules):
        return page
    match drill.phase:
        case Phase.BASELINE:
            return _baseline(drill, facts, rules)
        case Phase.INJECTED:
            return _red(drill, facts, rules) or _calm(drill, facts, rules)
        case Phase.RED:
            return _harm(drill, facts, rules) or _hurt(drill, facts, rules)
        case Phase.HELD | Phase.CHALLENGED:
            return _tried(drill, facts, rules)
    return None


def hold_of(drill: Drill, seconds: Sequence[Second], rules: Rules) -> Hold:
    """The hold since the drill may be judged, fed with those of `seconds` that count."""
    empty = Hold(
        required_s=rules.hold_s,
        objectives=rules.objectives,
        start_after=drill.judged_from,
        tolerated_shed=rules.tolerated_shed,
    )
    return empty.feed_all(counted(drill, seconds))


def counted(drill: Drill, seconds: Sequence[Second]) -> list[Second]:
    """The seconds that began after the last change did: the hold starts over with each."""
    return [second for second in seconds if second.wall_s > drill.acted_wall_s]


def _completed(drill: Drill, facts: Facts, rules: Rules) -> Hold:
    """The hold as it was when it was complete; the seconds of the challenge are not its own."""
    return hold_of(drill, [s for s in facts.seconds if s.number <= drill.held], rules)


def challenges(drill: Drill, seconds: Sequence[Second], rules: Rules) -> tuple[Challenge, ...]:
    """The challenges begun so far, each with the seconds that it has."""
    begun = zip(rules.trials, drill.challenged, strict=False)
    return tuple(
        Challenge(
            kind=trial.kind,
            objectives=rules.objectives,
            after=second,
            ignore_s=trial.ignore_s,
            must_survive=trial.must_survive,
            tolerated_shed=rules.tolerated_shed,
        ).feed_all(seconds)
        for trial, second in begun
    )


def _tried(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    begun = challenges(drill, facts.seconds, rules)
    if not all(challenge.done or challenge.kind is ChallengeKind.NONE for challenge in begun):
        return None
    if len(begun) < len(rules.trials):
        return Disturb(len(begun))
    return Conclude(_completed(drill, facts, rules), begun, invariants=drill.invariants)


def baseline_of(drill: Drill, seconds: Sequence[Second], rules: Rules) -> Hold:
    """How long every journey has been green before anything is broken, and after the innocent changes."""
    min_due = DRILL_DUE if drill.mode == "drill" else MIN_DUE
    empty = Hold(BASELINE_S, rules.objectives, start_after=drill.begun, min_due=min_due)
    return empty.feed_all([second for second in seconds if second.wall_s > drill.quiet_wall_s])


def _baseline(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    hold = baseline_of(drill, facts.seconds, rules)
    if not hold.complete or facts.firing:
        return None
    reading = hold.reading
    worst = min(reading.journeys, key=lambda journey: journey.margin)
    payload = {
        "second": reading.last,
        "seconds": len(hold.window),
        "journeys": len(reading.journeys),
        "lowest": str(worst),
        "margin": worst.margin,
    }
    return Record("phase.green", payload)


def _judges(drill: Drill, rules: Rules) -> bool:
    """Whether a learner's judgement is tried; a proof of judgement watches users by itself."""
    return rules.judgement and drill.mode == "drill"


def _red(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    """Users are hurt: those whom the scenario promises to hurt, in judgement anybody."""
    watched = list(rules.objectives) if _judges(drill, rules) else [rules.journey]
    reds = {
        name: first_red(facts.seconds, name, after=drill.injected, target=rules.objectives[name])
        for name in watched
    }
    found = [(second, name) for name, second in reds.items() if second is not None]
    if not found:
        return None
    second, journey = min(found)
    took = [s for s in facts.seconds if drill.injected < s.number <= second]
    share = sum((s.journeys.get(journey, Tally()) for s in took), start=Tally()).failed_share
    payload = {
        "second": second,
        "journey": journey,
        "took_s": second - drill.injected,
        "failed_share": share,
    }
    return Record("phase.red", payload)


def _calm(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    """As many seconds after the fault as red is told by, nobody is hurt: it is the learner's to judge."""
    if not _judges(drill, rules) or facts.last < drill.injected + RED_WINDOW_S:
        return None
    return Record("phase.calm", {"second": facts.last})


def _harm(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    """The first time that somebody's wrong judgement hurts users; it is looked for in the newest seconds."""
    if drill.red or not _judges(drill, rules):
        return None
    return _red(drill, replace(facts, seconds=facts.seconds[-2 * RED_WINDOW_S :]), rules)


def _page(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    waiting = drill.phase in (Phase.INJECTED, Phase.RED) and drill.fired_wall_s is None
    if not waiting or rules.page is None or rules.page not in facts.firing:
        return None
    payload = {"alert": rules.page, "fired_wall_s": facts.firing[rules.page], "second": facts.now}
    return Record("page.fired", payload)


def _hurt(drill: Drill, facts: Facts, rules: Rules) -> Decision | None:
    """A learner must claim the end; what was held before the claim counts.

    When too little can come after it, the claim has failed. In judgement, leaving it alone is a decision, and
    one that nobody was told is none.
    """
    if drill.mode != "drill":
        return _held(facts.hold)
    if not drill.claimed:
        return None
    if _judges(drill, rules) and not (drill.acting or drill.told):
        return Conclude(facts.hold, (), (UNTOLD,))
    if held := _held(facts.hold):
        return held
    return Conclude(facts.hold, ()) if _in_vain(drill, facts, rules) else None


def _in_vain(drill: Drill, facts: Facts, rules: Rules) -> bool:
    """Whether users were hurt for ten seconds more, or the hold can't complete within PATIENCE_S more.

    Both are counted in seconds since the claim and since the last change, whichever was later:
    who claims and then goes on working claims what came of that. While the load was too late for a verdict,
    more seconds may make one.
    """
    fresh = [second for second in counted(drill, facts.seconds) if second.number > drill.claimed]
    held_s = facts.hold.held_s
    too_late = len(fresh) - held_s > PATIENCE_S or len(fresh) > rules.hold_s + PATIENCE_S
    hurt = held_s == 0 and any(red_now(fresh, name, target=each) for name, each in rules.objectives.items())
    return too_late or (hurt and (facts.hold.plainly_red or not facts.hold.reading.problems))


def _held(hold: Hold) -> Decision | None:
    if not hold.complete:
        return None
    reading = hold.reading
    payload = {"second": reading.last, "first": reading.first, "said": hold.explain()}
    return Record("phase.held", payload)
