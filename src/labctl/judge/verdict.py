"""The verdict: what became of an attempt to mitigate, and every reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labctl.judge.challenge import Challenge, ChallengeKind
from labctl.judge.hold import Hold
from labctl.judge.reading import Colour, JourneyReading, Reading, read


class Outcome(StrEnum):
    MITIGATED = "mitigated"
    MASKED = "masked"
    NOT_RESTORED = "not restored"
    COULD_NOT_JUDGE = "could not judge"


@dataclass(frozen=True)
class InvariantResult:
    """One invariant as it was read; `error` when it could not be."""

    say: str
    expected: str
    measured: str | None = None
    error: str | None = None

    @property
    def was_read(self) -> bool:
        return self.error is None and self.measured is not None

    @property
    def holds(self) -> bool:
        return self.was_read and self.measured == self.expected

    def __str__(self) -> str:
        if not self.was_read:
            return f"invariant {self.say!r} could not be read: {self.error or 'no value'}"
        return f"invariant {self.say!r}: measured {self.measured}, required {self.expected}"


@dataclass(frozen=True)
class Verdict:
    """`first`..`last` is the window of the hold, in numbers of seconds; `reasons` are sentences.

    `margin` is how much of the allowance the worst journey left where that tells something (`_margin`).
    """

    outcome: Outcome
    durable: bool
    reasons: tuple[str, ...]
    first: int
    last: int
    journeys: tuple[JourneyReading, ...]
    margin: float | None = None

    def __str__(self) -> str:
        label = str(self.outcome)
        if self.outcome is Outcome.MITIGATED and not self.durable:
            label += ", not durable"
        return f"{label}: {'; '.join(self.reasons)}"


def conclude(
    hold: Hold,
    challenges: Sequence[Challenge] = (),
    invariants: Sequence[InvariantResult] = (),
    *,
    problems: Sequence[str] = (),
) -> Verdict:
    """Judge an attempt.

    `hold` as it was when it ended (do not feed it during the challenge); one challenge per fault,
    those of kind *none* included; `invariants` read after the last second judged; `problems` that
    only the caller can see (the load died, its run changed, the disk is full).
    """
    outcome, durable, reasons = _decide(hold, challenges, invariants, tuple(problems))
    reading = hold.reading
    judged = _margin(hold, challenges) if outcome is Outcome.MITIGATED else _least(reading)
    return Verdict(outcome, durable, reasons, reading.first, reading.last, reading.journeys, judged)


def _decide(
    hold: Hold,
    challenges: Sequence[Challenge],
    invariants: Sequence[InvariantResult],
    outside: tuple[str, ...],
) -> tuple[Outcome, bool, tuple[str, ...]]:
    if outside or (hold.reading.problems and not hold.plainly_red):
        return Outcome.COULD_NOT_JUDGE, False, (*outside, hold.explain())
    broken = tuple(str(result) for result in invariants if not result.holds)
    if not hold.complete:
        outcome = Outcome.MASKED if hold.came_back else Outcome.NOT_RESTORED
        if _only_lacks_requests(hold):
            outcome = Outcome.COULD_NOT_JUDGE
        return outcome, False, (hold.explain(), *broken)
    challenged = _challenged(hold, [each for each in challenges if each.kind is not ChallengeKind.NONE])
    if not all(result.was_read for result in invariants):
        if challenged[0] is Outcome.MASKED:  # what hurts users again is why nothing can be read
            return challenged
        return Outcome.COULD_NOT_JUDGE, False, (hold.explain(), *broken)
    if broken:
        return Outcome.NOT_RESTORED, False, (hold.explain(), *broken)
    return challenged


def _only_lacks_requests(hold: Hold) -> bool:
    """Nobody suffered for as long as was asked, but there were too few users to say so."""
    unhappy = hold.reading.unhappy()
    lacking = all(journey.colour is Colour.UNKNOWN for journey in unhappy)
    return lacking and len(hold.window) >= hold.required_s


def _challenged(hold: Hold, challenges: Sequence[Challenge]) -> tuple[Outcome, bool, tuple[str, ...]]:
    reasons = (hold.explain(), *(each.explain() for each in challenges))
    unknown = [each for each in challenges if not each.done or each.reading.colour is Colour.UNKNOWN]
    if unknown:
        return Outcome.COULD_NOT_JUDGE, False, reasons
    failed = [each for each in challenges if each.reading.colour is not Colour.GREEN]
    if any(each.must_survive for each in failed):
        return Outcome.MASKED, False, reasons
    if failed:
        return Outcome.MITIGATED, False, reasons
    return Outcome.MITIGATED, True, reasons


def _margin(hold: Hold, challenges: Sequence[Challenge]) -> float | None:
    """What is left of the allowance in the challenges' windows; without any, in the hold's second half.

    Not in the hold's whole window: that ends at the first moment at which it is green. As users get well
    their last failures leave it second by second, and it is taken just when no more are in it than are
    allowed: how few were left says when it was taken and nothing of how well users are. A challenge's
    window is fixed before anybody knows what it will hold; one more failure there than was left would have
    failed. The hold's second half has what came before the mitigation behind it, and a leak still ahead.
    """
    readings = [
        each.reading for each in challenges if each.kind is not ChallengeKind.NONE and each.must_survive
    ]
    late = hold.window[len(hold.window) // 2 :]
    second_half = read(
        late, hold.objectives, min_due=0, excluded=hold.excluded, tolerated_shed=hold.tolerated_shed
    )
    least = [_least(reading) for reading in readings or [second_half]]
    return min((margin for margin in least if margin is not None), default=None)


def _least(reading: Reading) -> float | None:
    return min((journey.margin for journey in reading.journeys), default=None)
