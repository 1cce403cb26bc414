"""scale: how many replicas."""

from __future__ import annotations

import pytest
from tests.actions.conftest import Do
from tests.lab.double import DoubleRuntime

from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.lab import Lab


def count(lab: Lab, component: str) -> int:
    return sum(each.component == component for each in lab.runtime.observe())


def test_replicas_come_and_go(lab: Lab, do: Do) -> None:
    """Three, then none; the undo knows what was."""
    do("scale", component="checkout", replicas=3)
    assert count(lab, "checkout") == 3
    change = do("scale", component="checkout", replicas=0)
    assert count(lab, "checkout") == 0
    assert change.undo == ({"scale": {"component": "checkout", "replicas": 3}},)


def test_a_store_can_be_stopped_but_not_doubled(lab: Lab, do: Do) -> None:
    """Two Postgres on one folder would be no shop's idea of scaling."""
    with pytest.raises(UsageError, match="postgres cannot have 2 replicas"):
        do("scale", component="postgres", replicas=2)
    do("scale", component="postgres", replicas=0)
    assert count(lab, "postgres") == 0


@pytest.mark.parametrize("replicas", [-1, 11, "many"])
def test_numbers_that_make_no_sense_are_mistakes(do: Do, replicas: object) -> None:
    """0 to 10."""
    with pytest.raises(UsageError, match="replicas"):
        do("scale", component="checkout", replicas=replicas)


def test_as_many_as_there_are_changes_nothing(do: Do) -> None:
    """A fix must change something."""
    with pytest.raises(ActionRefused, match="changes nothing"):
        do("scale", component="checkout", replicas=1)


def test_replicas_that_do_not_come_are_no_success(do: Do, runtime: DoubleRuntime) -> None:
    """What counts is how many there are."""
    runtime.deaf = True
    with pytest.raises(FaultDidNotTake, match="scaled to 3, and it has 1"):
        do("scale", component="checkout", replicas=3)
