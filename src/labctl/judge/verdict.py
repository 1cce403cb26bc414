"""The verdict: what became of an attempt to mitigate, and every reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labctl.judge.challenge import Challenge, ChallengeKind
from labctl.judge.hold import Hold
from labctl.judge.reading import Colour, JourneyReading


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
    def holds(self) -> bool:
        return self.error is None and self.measured == self.expected

    def __str__(self) -> str:
        if self.error is not None or self.measured is None:
            return f"invariant {self.say!r} could not be read: {self.error or 'no value'}"
        return f"invariant {self.say!r}: measured {self.measured}, required {self.expected}"


@dataclass(frozen=True)
class Verdict:
    """`first`..`last` is the window of the hold, in numbers of seconds; `reasons` are sentences."""

    outcome: Outcome
    durable: bool
    reasons: tuple[str, ...]
    first: int
    last: int
    journeys: tuple[JourneyReading, ...]

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
    return Verdict(outcome, durable, reasons, reading.first, reading.last, reading.journeys)


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
    if any(result.measured is None or result.error is not None for result in invariants):
        return Outcome.COULD_NOT_JUDGE, False, (hold.explain(), *broken)
    if broken:
        return Outcome.NOT_RESTORED, False, (hold.explain(), *broken)
    return _challenged(hold, [each for each in challenges if each.kind is not ChallengeKind.NONE])


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
