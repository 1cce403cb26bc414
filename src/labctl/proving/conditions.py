"""Under what an attempt was measured: how busy the machine was, and how late the load itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psutil

from labctl.judge.problems import LATE_MS
from labctl.proof import Conditions
from labctl.slo.sli import Second

OVERLOADED = 0.9
"""From this share of busy cores on, what users suffer may be the machine's doing: nobody can tell."""


@dataclass(frozen=True)
class Usage:
    """CPU time of all cores so far, in seconds."""

    busy_s: float
    total_s: float

    def share_since(self, before: Usage) -> float:
        """The share that was busy in between, 0..1; 0 when no time has passed."""
        passed_s = self.total_s - before.total_s
        return max(0.0, self.busy_s - before.busy_s) / passed_s if passed_s > 0 else 0.0


class Machine(Protocol):
    """What a proof asks of the machine that it runs on."""

    @property
    def cores(self) -> int: ...

    def usage(self) -> Usage: ...


class ThisMachine:
    """The real one."""

    @property
    def cores(self) -> int:
        """Those that this process may use."""
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def usage(self) -> Usage:
        times = psutil.cpu_times()
        counted = [value for name, value in times._asdict().items() if not name.startswith("guest")]
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        return Usage(sum(counted) - idle_s, sum(counted))


def conditions(part: str, cpu_share: float, cores: int, seconds: Sequence[Second]) -> Conditions:
    """The conditions of an attempt with these seconds; all zero where there were none."""
    late_ms = sorted(second.late_p99_ms for second in seconds)
    return Conditions(
        part=part,
        cpu_share=round(cpu_share, 3),
        cores=cores,
        late_p99_ms=round(late_ms[int(0.99 * (len(late_ms) - 1))], 1) if late_ms else 0.0,
        late_seconds=sum(late > LATE_MS for late in late_ms),
        seconds=len(late_ms),
    )
