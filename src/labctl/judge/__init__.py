"""The judge: pure, without I/O or clock. Seconds in, a verdict with its reasons out (JUDGE.md)."""

from labctl.judge.challenge import Challenge, ChallengeKind, ignored_s
from labctl.judge.hold import RECOVERED_S, Hold
from labctl.judge.problems import problems
from labctl.judge.reading import (
    Colour,
    JourneyReading,
    Objectives,
    Reading,
    allowed,
    first_red,
    read,
    red_now,
    red_share,
)
from labctl.judge.verdict import InvariantResult, Outcome, Verdict, conclude

__all__ = [
    "RECOVERED_S",
    "Challenge",
    "ChallengeKind",
    "Colour",
    "Hold",
    "InvariantResult",
    "JourneyReading",
    "Objectives",
    "Outcome",
    "Reading",
    "Verdict",
    "allowed",
    "conclude",
    "first_red",
    "ignored_s",
    "problems",
    "read",
    "red_now",
    "red_share",
]
