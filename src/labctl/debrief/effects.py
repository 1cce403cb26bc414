"""What each change did to the users: the failed share before it, and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase

from labctl.actions.change import Change, Role, State, changes
from labctl.debrief.moments import Moments, between, moments
from labctl.judge.reading import tally
from labctl.recording import Recording
from labctl.slo.sli import Tally

WINDOW_S = 10.0
"""How long before a change, and after it took effect, users are asked."""
SETTLE_S = 3.0
"""What a change has to settle; requests that were under way are not held against it."""
ENOUGH = 20
"""Requests below which an effect can't be told."""
WORSE_BY = 0.05
_OURS = (Role.LEARNER, Role.FIX, Role.DECOY)


class Effect(StrEnum):
    """What users could tell of a change."""

    HELPED = "helped"
    NOTHING = "no effect"
    WORSE = "made it worse"
    UNCLEAR = "too short to tell"
    REFUSED = "refused"


@dataclass(frozen=True)
class Deed:
    """One change by those on call, with what it did; shares are of the journey that it is told by."""

    mark: str  # A, B, … in the order in which they were begun
    change: Change
    journey: str
    before: Tally
    after: Tally
    harmed: float  # requests that failed beyond the trend before it, all journeys
    effect: Effect

    @property
    def unneeded(self) -> bool:
        return self.effect in (Effect.NOTHING, Effect.WORSE)

    def __str__(self) -> str:
        if self.effect in (Effect.REFUSED, Effect.UNCLEAR):
            return str(self.effect)
        shares = f"{self.before.failed_share * 100:.0f} % → {self.after.failed_share * 100:.0f} %"
        return f"{self.effect}: failed {self.journey} {shares}"


def deeds(recording: Recording, targets: Mapping[str, float]) -> list[Deed]:
    """What the learner (or the script in their place) changed, in order."""
    known = moments(recording)
    ours = [each for each in changes(recording.events) if each.role in _OURS]
    ends = [*(each.wall_s for each in ours[1:]), known.ended]
    found: list[Deed] = []
    for index, (change, end_s) in enumerate(zip(ours, ends, strict=False)):
        found.append(_deed(recording, targets, known, _mark(index), change, end_s))
    return found


def _mark(index: int) -> str:
    return ascii_uppercase[index] if index < len(ascii_uppercase) else str(index + 1)


def _deed(
    recording: Recording,
    targets: Mapping[str, float],
    known: Moments,
    mark: str,
    change: Change,
    end_s: float,
) -> Deed:
    done_s = change.wall_s + (change.took_s or 0.0)
    before = between(recording, change.wall_s - WINDOW_S, change.wall_s - 1)
    after = between(recording, done_s + SETTLE_S, min(end_s, done_s + SETTLE_S + WINDOW_S))
    during = between(recording, change.wall_s, min(end_s, done_s + SETTLE_S + WINDOW_S))
    told = {name: (tally(before, name), tally(after, name)) for name in targets}
    journey = known.journey or max(targets, key=lambda name: told[name][1].failed_share, default="")
    if not any(share.failed for pair in told.values() for share in pair):
        effect = Effect.NOTHING if after else Effect.UNCLEAR
    else:
        effect, journey = _effect(told, targets, journey)
    if change.state in (State.REFUSED, State.FAILED):
        effect = Effect.REFUSED
    harmed = sum(_beyond(tally(during, name), told[name][0], targets[name]) for name in targets)
    pair = told.get(journey, (Tally(), Tally()))
    return Deed(mark, change, journey, *pair, 0.0 if effect is Effect.REFUSED else harmed, effect)


def _effect(
    told: Mapping[str, tuple[Tally, Tally]], targets: Mapping[str, float], journey: str
) -> tuple[Effect, str]:
    """The effect, and the journey that tells it: the hurt one, or one that was hurt by the change."""
    worse = [name for name, (before, after) in told.items() if _is_worse(before, after)]
    if worse:
        return Effect.WORSE, max(worse, key=lambda name: told[name][1].failed_share)
    if min(each.due for each in told[journey]) < ENOUGH:
        return Effect.UNCLEAR, journey
    better = [name for name, pair in told.items() if _is_better(*pair, targets[name])]
    if not better:
        return Effect.NOTHING, journey
    most = max(better, key=lambda name: told[name][0].failed_share)
    return Effect.HELPED, journey if journey in better else most


def _is_better(before: Tally, after: Tally, target: float) -> bool:
    """What was clearly more than the error budget is half of that, or less."""
    was = before.failed_share
    return after.due >= ENOUGH and was > 1 - target + WORSE_BY and after.failed_share <= was / 2


def _is_worse(before: Tally, after: Tally) -> bool:
    """Clearly: by 5 % of the requests and by a quarter; chance moves a share of a hundred as far."""
    was, became = before.failed_share, after.failed_share
    return after.due >= ENOUGH and became > was + max(WORSE_BY, 0.25 * was) and after.failed > 5


def _beyond(during: Tally, before: Tally, target: float) -> float:
    """Requests that failed although the share before, or the error budget, allowed them not to.

    Less than a twentieth of the requests is chance, and counts for nothing.
    """
    trend = max(before.failed_share, 1 - target)
    beyond = during.failed - trend * during.due
    return beyond if beyond > WORSE_BY * during.due and beyond > 3 else 0.0


def summaries(found: Sequence[Deed]) -> list[str]:
    """`A  restart postgres: no effect …`, one per change."""
    return [f"{each.mark}  {each.change.summary}: {each}" for each in found]
