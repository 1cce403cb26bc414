"""flag: switches and tunables, told to running services."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.actions.conftest import Do

from labctl.actions.change import Role
from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.lab import Lab


def test_services_are_told(lab: Lab, do: Do) -> None:
    """The value is in the file that they re-read, and gone from it once it is the default."""
    change = do("flag", name="checkout-bank-timeout", value="1s")
    assert json.loads((lab.settings / "flags.json").read_text()) == {"checkout-bank-timeout": "1s"}
    assert change.summary == "flag checkout-bank-timeout 1s (was 10s)"
    assert change.component == "checkout"
    do("flag", name="checkout-bank-timeout", value="10s")
    assert lab.wanted().flags == {}


def test_null_is_the_default(lab: Lab, do: Do) -> None:
    """And a flag that has it already can't be given it."""
    do("flag", name="maintenance", value="on")
    do("flag", name="maintenance", value=None)
    assert lab.wanted().flags == {}
    with pytest.raises(ActionRefused, match="changes nothing"):
        do("flag", name="maintenance", value="off")


def test_an_unknown_flag_is_refused_with_the_nearest(do: Do) -> None:
    """A misspelt flag would be a fault that does nothing."""
    with pytest.raises(UsageError, match="no flag 'maintenence'") as error:
        do("flag", name="maintenence", value="on")
    assert error.value.hint == "did you mean 'maintenance'?"


def test_an_unknown_flag_names_those_of_the_shop(do: Do) -> None:
    """Not a third party's: nobody here may turn them, nor should know what there is to turn."""
    with pytest.raises(UsageError, match="no flag 'help'") as error:
        do("flag", name="help", value="on")
    assert error.value.hint == "there are checkout-bank-timeout, edge-shed-home, maintenance"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maintenance", "yes"),
        ("checkout-bank-timeout", "10"),
        ("checkout-bank-timeout", "fast"),
        ("edge-shed-home", "101%"),
        ("edge-shed-home", "0.1"),
        ("bank-mood", "good"),
    ],
)
def test_a_value_must_be_of_the_flags_kind(do: Do, name: str, value: str) -> None:
    """Services would log it and keep the default: a silent no-op."""
    with pytest.raises(UsageError, match=f"flag {name} is"):
        do("flag", name=name, value=value, role=Role.FAULT)


@pytest.mark.parametrize(("given", "text"), [(True, "on"), (3, "3"), (2.5, "2.5")])
def test_plain_values_become_text(lab: Lab, do: Do, given: Any, text: str) -> None:
    """Whatever a file or a program gave."""
    name = "maintenance" if given is True else "bank-mood"
    do("flag", name=name, value=given, role=Role.FAULT)
    assert lab.wanted().flags == {name: text}


def test_a_flag_that_services_are_not_told_is_no_success(
    lab: Lab, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the file that they read."""
    apply = lab.runtime.apply

    def forgetful(wanted: Any) -> None:
        apply(wanted)
        (lab.settings / "flags.json").write_text("{}")

    monkeypatch.setattr(lab.runtime, "apply", forgetful)
    with pytest.raises(FaultDidNotTake, match="services are told None"):
        do("flag", name="maintenance", value="on")
