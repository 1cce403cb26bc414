"""The proof: what was checked of a scenario, each measured against required, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from labctl.errors import LabError

THIN = 0.15
"""A margin under this share of what is required is reported."""


class Grade(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNJUDGED = "could not judge"
    CANNOT_RUN = "cannot run here"
    NOT_TRIED = "not tried"  # said, so that nobody takes it for a pass; it fails nothing either


@dataclass(frozen=True)
class Check:
    """One thing that a proof asserts. `margin` is what was left of the requirement, 0..1."""

    phase: str  # green, red, page, evidence, rho, decoy, fix, siblings, reset, attempt
    name: str
    outcome: Grade
    said: str
    margin: float | None = None
    took_s: float | None = None

    @property
    def thin(self) -> bool:
        return self.outcome is Grade.PASSED and self.margin is not None and self.margin < THIN


@dataclass(frozen=True)
class Conditions:
    """Under what one attempt was measured: who reads a margin should know how busy the machine was."""

    part: str
    cpu_share: float  # of all cores, 0..1, while users were well and nothing was broken
    cores: int
    late_p99_ms: float  # of the load's own lateness, over all seconds of the attempt
    late_seconds: int  # seconds in which it was later than the judge allows
    seconds: int


class Broken(LabError):
    """A check that the rest of an attempt depends on did not pass."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.said)
        self.check = check
        self.exit_code = 1 if check.outcome is Grade.FAILED else 3


@dataclass
class Proof:
    """All checks of one scenario on one runtime, in the order in which they were made."""

    scenario: str
    runtime: str
    on_check: Callable[[Check], None] = lambda _: None
    checks: list[Check] = field(default_factory=list)
    took_s: float = 0.0
    run: int = 1  # which repeat
    conditions: list[Conditions] = field(default_factory=list)
    whole: bool = True  # False where attempts were left out on purpose

    def add(self, check: Check) -> Check:
        self.checks.append(check)
        self.on_check(check)
        return check

    def require(self, check: Check) -> None:
        """Add a check that the rest of the attempt depends on; Broken unless it passed."""
        if self.add(check).outcome is not Grade.PASSED:
            raise Broken(check)

    def count(self, outcome: Grade) -> int:
        return sum(check.outcome is outcome for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 proven, 1 something failed, 3 something could not be judged or run and nothing failed."""
        if self.count(Grade.FAILED):
            return 1
        undecided = self.count(Grade.UNJUDGED) + self.count(Grade.CANNOT_RUN)
        return 3 if undecided or not self.count(Grade.PASSED) else 0

    @property
    def word(self) -> str:
        """What it came to; of a part alone nobody may say *proven*."""
        proven = "proven" if self.whole else "proven in part"
        return {0: proven, 1: "not proven", 3: "could not judge"}[self.exit_code]

    @property
    def cannot_run(self) -> bool:
        """Whether all that keeps it from being proven is what this machine lacks."""
        return self.exit_code == 3 and self.count(Grade.CANNOT_RUN) > 0 and not self.count(Grade.UNJUDGED)

    def to_plain(self) -> dict[str, Any]:
        """For machines; `version` rises when a field changes its meaning."""
        return {
            "version": 1,
            "scenario": self.scenario,
            "run": self.run,
            "runtime": self.runtime,
            "whole": self.whole,
            "exit_code": self.exit_code,
            "took_s": round(self.took_s, 1),
            "checks": [
                {**vars(check), "outcome": str(check.outcome), "thin": check.thin} for check in self.checks
            ],
            "conditions": [vars(each) for each in self.conditions],
        }
