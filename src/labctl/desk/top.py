"""Top: what each replica uses now, beside what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.runtimes.base import Replica

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

OVER_S = 1.0


@dataclass(frozen=True)
class ReplicaRow:
    """One replica. `cpu` is in cores, None when it was started or ended meanwhile; limits None where none."""

    replica: str
    component: str
    state: str
    cpu: float | None
    cpus: float | None
    memory_mb: float
    limit_mb: int | None
    restarts: int
    oom_kills: int
    age_s: float | None

    @property
    def memory_share(self) -> float | None:
        """Of its limit, 0..1."""
        return self.memory_mb / self.limit_mb if self.limit_mb else None


def top(lab: Lab, *, over_s: float = OVER_S) -> list[ReplicaRow]:
    """Every replica but a third party's, over some seconds, the busiest first."""
    before = {each.name: each for each in lab.runtime.observe()}
    began = lab.clock.now()
    lab.clock.sleep(over_s)
    after = lab.runtime.observe()
    took_s = lab.clock.now() - began
    rows = [
        _row(each, before.get(each.name), took_s, lab.clock.wall())
        for each in after
        if lab.stack[each.component].owner != "third-party"
    ]
    return sorted(rows, key=lambda row: (-(row.cpu or 0.0), -row.memory_mb, row.replica))


def _row(now: Replica, before: Replica | None, took_s: float, wall_s: float) -> ReplicaRow:
    same = before is not None and bool(now.identity) and before.identity == now.identity
    cpu = max(0.0, now.cpu_s - before.cpu_s) / took_s if before and same and took_s > 0 else None
    running = now.started_wall_s is not None and bool(now.identity)
    return ReplicaRow(
        replica=now.name,
        component=now.component,
        state=now.state,
        cpu=None if cpu is None else round(cpu, 3),
        cpus=now.limits.cpus,
        memory_mb=round(now.rss_mb, 1),
        limit_mb=now.limits.memory_mb,
        restarts=now.restarts,
        oom_kills=now.oom_kills,
        age_s=round(wall_s - now.started_wall_s, 1) if running and now.started_wall_s else None,
    )
