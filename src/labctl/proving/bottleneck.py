"""Calibration by ρ: how loaded the bottleneck is when users are well, hurt, and well again."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.errors import LabError
from labctl.lab.lab import Lab
from labctl.proof import Check, Grade
from labctl.scenario.asked import Bottleneck

SETTLED_S = 6.0
"""How long after a change ρ is asked for: its query looks back five seconds."""


@dataclass(frozen=True)
class Limit:
    """What ρ must be at one moment of a proof."""

    moment: str
    required: float
    at_least: bool = False

    def margin(self, rho: float) -> float:
        """What is left of the limit, as a share of it; below 0 it is missed."""
        left = rho - self.required if self.at_least else self.required - rho
        return left / self.required

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.required:g}"


HEALTHY = Limit("healthy", 0.5)
FAULTED = Limit("at fault", 1.3, at_least=True)
FIXED = Limit("fixed", 0.6)


def rho(lab: Lab, bottleneck: Bottleneck, limit: Limit) -> Check:
    """ρ as it is now, against its limit; what is not one number could not be judged."""
    name = f"{bottleneck.say}, {limit.moment}"
    try:
        samples = lab.prometheus.query(bottleneck.rho)
    except LabError as error:
        return Check("rho", name, Grade.UNJUDGED, error.message)
    if len(samples) != 1 or not math.isfinite(samples[0].value):
        found = ", ".join(f"{sample.value:g}" for sample in samples) or "nothing"
        return Check("rho", name, Grade.UNJUDGED, f"one number is needed; there is {found}")
    value = samples[0].value
    margin = limit.margin(value)
    grade = Grade.PASSED if margin >= 0 else Grade.FAILED
    return Check("rho", name, grade, f"ρ {value:.2f}, required {limit}", min(1.0, margin))
