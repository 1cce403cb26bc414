"""How many labs this machine holds at once without bending what they measure: calibrated, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from labctl.clock import Clock
from labctl.judge.problems import LATE_MS, LATE_SHARE
from labctl.lab.lab import Lab
from labctl.proving.conditions import Machine
from labctl.slo.sli import Second

CEILING = 0.6
"""The share of all cores up to which measurements stay straight: two labs on two cores, at 45 %, do."""
LEAST_CORES = 0.45
"""What one lab was measured to take while proving: a calm moment must not promise more."""
LAB_MB = 700
"""Memory for one lab while a fault makes it grow; 300 MB when calm."""

SAMPLE_S = 5.0
SETTLE_S = 3.0
"""What starting a lab costs is not what it takes while it serves."""


@dataclass(frozen=True)
class Calibration:
    """What was measured: the machine before the first lab and with it, and the load's own lateness."""

    cores: int
    before: float  # share of all cores that was busy, 0..1
    with_one: float
    free_mb: float
    late_share: float  # of the first lab's seconds

    @property
    def lab_cores(self) -> float:
        """What one lab takes, in cores."""
        return max(LEAST_CORES, (self.with_one - self.before) * self.cores)

    @property
    def labs(self) -> int:
        """So many labs, at least the one that is there."""
        if self.late_share > LATE_SHARE:
            return 1
        by_cpu = int((CEILING - self.before) * self.cores / self.lab_cores + 1e-9)
        return max(1, min(by_cpu, 1 + int(self.free_mb / LAB_MB)))

    def explain(self, labs: int) -> str:
        """Why so many, in numbers; `labs` may be fewer than the machine holds."""
        measured = (
            f"{self.cores} cores, {self.before:.0%} busy before, {self.with_one:.0%} with one lab; "
            f"a lab is counted as {self.lab_cores:.2f} cores, up to {CEILING:.0%} in all"
        )
        noun = "lab" if labs == 1 else "labs"
        if self.late_share > LATE_SHARE:
            measured += f"; its load was over {LATE_MS:.0f} ms late in {self.late_share:.0%} of seconds"
        fewer = f" (it holds {self.labs}; there is no more to share)" if labs < self.labs else ""
        return f"{labs} {noun} at once{fewer}: {measured}"


def late_share(seconds: Sequence[Second]) -> float:
    """The share of seconds in which the load was later than the judge allows; 0 without any."""
    late = sum(second.late_p99_ms > LATE_MS for second in seconds)
    return late / len(seconds) if seconds else 0.0


def busy(machine: Machine, clock: Clock, within_s: float = SAMPLE_S) -> float:
    """The share of all cores that is busy, 0..1, looked at for a few seconds."""
    before = machine.usage()
    clock.sleep(within_s)
    return machine.usage().share_since(before)


def calibrate(lab: Lab, machine: Machine, before: float) -> Calibration:
    """Look at the machine while one lab serves its usual users; `before` is how busy it was without."""
    lab.clock.sleep(SETTLE_S)
    started = lab.load.poll(after=0).now
    with_one = busy(machine, lab.clock)
    seconds = [second for second in lab.load.seconds(after=0) if second.number >= started]
    free_mb = psutil.virtual_memory().available / 2**20
    return Calibration(machine.cores, before, with_one, free_mb, late_share(seconds))
