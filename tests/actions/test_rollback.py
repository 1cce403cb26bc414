"""rollback: back to the release before, and nothing else."""

from __future__ import annotations

import pytest
from tests.actions.conftest import Do

from labctl.actions.change import Role
from labctl.actions.perform import undo
from labctl.errors import ActionRefused
from labctl.lab.lab import Lab


def release(lab: Lab) -> str | None:
    return lab.wanted()["checkout"].release


def test_it_goes_back_one_deploy_at_a_time(lab: Lab, do: Do) -> None:
    """Whoever deployed; the second rollback goes one further back, not to and fro."""
    do("deploy", component="checkout", release="2.3.1", role=Role.NOISE)
    do("deploy", component="checkout", release="2.4.0", role=Role.FAULT)
    assert do("rollback", component="checkout").summary == "roll checkout back to 2.3.1 (was 2.4.0)"
    do("rollback", component="checkout")
    assert release(lab) == "2.3.0"
    with pytest.raises(ActionRefused, match=r"it runs 2\.3\.0, and nothing was deployed"):
        do("rollback", component="checkout")


def test_it_never_touches_settings_or_flags(lab: Lab, do: Do) -> None:
    """A bad setting survives a rollback, as in production."""
    do("deploy", component="checkout", release="2.4.0", role=Role.FAULT)
    do("set", component="checkout", DB_POOL_MAX=1, role=Role.FAULT)
    do("flag", name="maintenance", value="on")
    do("rollback", component="checkout")
    assert release(lab) == "2.3.0"
    assert lab.wanted()["checkout"].environment == {"DB_POOL_MAX": "1"}
    assert lab.wanted().flags == {"maintenance": "on"}


def test_without_a_deploy_there_is_nothing_to_go_back_to(do: Do) -> None:
    """A restart and a setting are no deploys; the reason names what runs."""
    do("restart", component="checkout")
    do("set", component="checkout", DB_POOL_MAX=9)
    with pytest.raises(ActionRefused, match="no release to go back to"):
        do("rollback", component="checkout")


def test_a_rollback_that_was_undone_can_be_done_again(lab: Lab, do: Do) -> None:
    """Undo redeploys, and the history is as before."""
    do("deploy", component="checkout", release="2.4.0")
    undo(lab, do("rollback", component="checkout"))
    assert release(lab) == "2.4.0"
    do("rollback", component="checkout")
    assert release(lab) == "2.3.0"
