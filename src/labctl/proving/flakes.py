"""Flakes: a part that came out differently in two repeats. They are told with both numbers, never retried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labctl.proof import Check, Grade, Proof


@dataclass(frozen=True)
class Flake:
    """One check of one scenario in the first repeat in which it passed and the first in which it did not."""

    scenario: str
    phase: str
    name: str
    passed: tuple[int, str]  # the repeat, and what was measured
    failed: tuple[int, str]

    def __str__(self) -> str:
        first, second = sorted((self.passed, self.failed))
        return (
            f"{self.scenario}: {self.phase} {self.name} differs between repeats: "
            f"run {first[0]}: {first[1]}; run {second[0]}: {second[1]}"
        )

    def to_plain(self) -> dict[str, Any]:
        return {**vars(self), "passed": list(self.passed), "failed": list(self.failed)}


def flakes(proofs: Sequence[Proof]) -> list[Flake]:
    """Every check that passed in one repeat and did not in another, in the order of the proofs."""
    seen: dict[tuple[str, str, str, int], list[tuple[int, Check]]] = {}
    for proof in proofs:
        times: dict[tuple[str, str], int] = {}
        for check in proof.checks:
            if check.outcome in (Grade.NOT_TRIED, Grade.CANNOT_RUN):
                continue
            nth = times[check.phase, check.name] = times.get((check.phase, check.name), 0) + 1
            seen.setdefault((proof.scenario, check.phase, check.name, nth), []).append((proof.run, check))
    found = []
    for (scenario, phase, name, _), checks in seen.items():
        passed = [(run, _said(check)) for run, check in checks if check.outcome is Grade.PASSED]
        failed = [(run, _said(check)) for run, check in checks if check.outcome is not Grade.PASSED]
        if passed and failed:
            found.append(Flake(scenario, phase, name, passed[0], failed[0]))
    return found


def _said(check: Check) -> str:
    return f"{check.outcome}, {check.said}"
