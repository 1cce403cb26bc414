"""restart: the same again, newly started."""

from __future__ import annotations

import pytest
from tests.actions.conftest import Do
from tests.lab.double import DoubleRuntime

from labctl.errors import ActionRefused, FaultDidNotTake
from labctl.lab.lab import Lab


def identities(lab: Lab, component: str) -> set[str]:
    return {each.identity for each in lab.runtime.observe() if each.component == component}


def test_every_replica_is_another_process_afterwards(lab: Lab, do: Do) -> None:
    """Of that component, and of no other; nothing remains to be undone."""
    do("scale", component="checkout", replicas=2)
    before, others = identities(lab, "checkout"), identities(lab, "edge")
    change = do("restart", component="checkout")
    assert not before & identities(lab, "checkout")
    assert identities(lab, "edge") == others
    assert not change.outstanding


def test_it_can_be_done_again(lab: Lab, do: Do) -> None:
    """A restart is never "so already"."""
    do("restart", component="postgres")
    do("restart", component="postgres")
    assert lab.wanted()["postgres"].restarts == 2


def test_a_restart_that_leaves_the_process_is_no_success(do: Do, runtime: DoubleRuntime) -> None:
    """What counts is that another process runs."""
    runtime.deaf = True
    with pytest.raises(FaultDidNotTake, match="still runs"):
        do("restart", component="checkout")


def test_nothing_can_be_restarted_that_does_not_run(do: Do) -> None:
    """It says how to have it run."""
    do("scale", component="checkout", replicas=0)
    with pytest.raises(ActionRefused, match="scaled to 0") as refused:
        do("restart", component="checkout")
    assert refused.value.hint == "labctl scale checkout 1"
