"""Top: what replicas use, beside what they may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.lab.double import DoubleRuntime

from labctl.desk.top import top
from labctl.lab.lab import Lab
from labctl.runtimes.base import Replica


@pytest.fixture
def busy(runtime: DoubleRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkout uses half a core and 128 MB; edge was just restarted."""
    real = runtime.observe

    def observe() -> list[Replica]:
        def seen(each: Replica) -> Replica:
            if each.component == "checkout":
                return replace(each, cpu_s=0.5 * runtime.clock.now(), rss_mb=128.0)
            if each.component == "edge":
                return replace(each, identity=f"edge at {runtime.clock.now()}", cpu_s=0.1)
            return each

        return [seen(each) for each in real()]

    monkeypatch.setattr(runtime, "observe", observe)


@pytest.mark.usefixtures("busy")
def test_cpu_is_measured_over_a_while_and_memory_beside_its_limit(lab: Lab) -> None:
    """In cores; the busiest first; age since its start."""
    first = top(lab, over_s=2.0)[0]
    assert (first.replica, first.cpu, first.memory_mb, first.limit_mb) == ("checkout-1", 0.5, 128.0, 256)
    assert first.memory_share == 0.5
    assert first.age_s == 2.0


@pytest.mark.usefixtures("busy")
def test_a_replica_that_was_restarted_meanwhile_has_no_cpu(lab: Lab) -> None:
    """Two processes cannot be subtracted from each other."""
    (edge,) = [row for row in top(lab) if row.component == "edge"]
    assert edge.cpu is None


def test_nobody_sees_into_a_third_party(lab: Lab, runtime: DoubleRuntime) -> None:
    """Restarts of ours are counted; the bank's own machines are not in the list."""
    runtime.crash("checkout-1", oom=True)
    rows = {row.replica: row for row in top(lab)}
    assert (rows["checkout-1"].restarts, rows["checkout-1"].oom_kills) == (1, 1)
    assert "bank-1" not in rows
