"""A shell in a replica: ours only, and with nothing of the others."""

from __future__ import annotations

import pytest

from labctl.desk.shell import SHELL, inside
from labctl.errors import LabError, UsageError
from labctl.lab.lab import Lab


def test_a_component_or_one_of_its_replicas_is_entered(lab: Lab) -> None:
    """By either name; without a command it is a shell."""
    assert inside(lab, "checkout", terminal=True).argv == SHELL
    beside = inside(lab, "checkout-1", ["ps", "aux"], terminal=False)
    assert (beside.replica, beside.argv) == ("checkout-1", ("ps", "aux"))


@pytest.mark.parametrize(("name", "whose"), [("bank", "a third party's"), ("load", "part of the lab itself")])
def test_nobody_is_let_into_what_is_not_the_shops(lab: Lab, name: str, whose: str) -> None:
    """The third party and the witness keep their doors shut, by either name."""
    for each in (name, f"{name}-1"):
        with pytest.raises(UsageError, match=whose) as refused:
            inside(lab, each, terminal=False)
        assert "labctl sh" in str(refused.value.hint)


@pytest.mark.parametrize("name", ["chekout", "checkout-7"])
def test_what_there_is_not_says_what_there_is(lab: Lab, name: str) -> None:
    """A component and a replica."""
    with pytest.raises(LabError) as missing:
        inside(lab, name, terminal=False)
    assert missing.value.hint
