"""limit: memory and CPU of a component's replicas."""

from __future__ import annotations

from typing import Any

import pytest
from tests.actions.conftest import Do
from tests.lab.double import DoubleRuntime

from labctl.errors import FaultDidNotTake, UsageError
from labctl.lab.lab import Lab
from labctl.stack.wanted import Limits


def test_what_is_not_named_stays(lab: Lab, do: Do) -> None:
    """Memory alone leaves the CPU as it was; undo restores just what was changed."""
    do("limit", component="catalog", cpus=0.5)
    change = do("limit", component="catalog", memory="1g")
    assert lab.wanted()["catalog"].limits == Limits(memory_mb=1024, cpus=0.5)
    assert change.summary == "limit catalog to 1024m of memory and 0.5 CPUs (was 256m of memory and 0.5 CPUs)"
    assert change.undo == ({"limit": {"component": "catalog", "memory": "256m"}},)


def test_none_is_no_limit(lab: Lab, do: Do) -> None:
    """Written out, since leaving it away means to keep it."""
    change = do("limit", component="catalog", memory="none", cpus=2)
    assert lab.wanted()["catalog"].limits == Limits(memory_mb=None, cpus=2.0)
    assert change.undo == ({"limit": {"component": "catalog", "memory": "256m", "cpus": "none"}},)


@pytest.mark.parametrize(
    "given", [{}, {"memory": "256"}, {"memory": "8m"}, {"memory": "lots"}, {"cpus": 0}, {"cpus": -1}]
)
def test_sizes_that_make_no_sense_are_mistakes(do: Do, given: dict[str, Any]) -> None:
    """A limit under 16 MiB would kill whatever it is put on."""
    with pytest.raises(UsageError):
        do("limit", component="catalog", **given)


def test_a_limit_that_is_not_in_force_is_no_success(do: Do, runtime: DoubleRuntime) -> None:
    """What counts is what the replica has."""
    runtime.deaf = True
    with pytest.raises(FaultDidNotTake, match="catalog-1 may use 256m of memory, not 64m"):
        do("limit", component="catalog", memory="64m")
