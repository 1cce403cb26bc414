"""set: a component's settings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.actions.conftest import Do

from labctl.errors import ActionRefused, UsageError
from labctl.lab.lab import Lab


def test_settings_become_environment_and_null_takes_them_back(lab: Lab, do: Do) -> None:
    """Numbers become text; what was is in the summary and in the undo."""
    do("set", component="checkout", DB_POOL_MAX=8, DB_POOL_TIMEOUT="5s")
    change = do("set", component="checkout", DB_POOL_MAX=None)
    assert lab.wanted()["checkout"].environment == {"DB_POOL_TIMEOUT": "5s"}
    assert change.summary == "set checkout DB_POOL_MAX=default (was 8)"
    assert change.undo == ({"set": {"component": "checkout", "DB_POOL_MAX": "8"}},)
    assert change.step == {"set": {"component": "checkout", "DB_POOL_MAX": None}}


def test_the_same_value_again_changes_nothing(do: Do) -> None:
    """8 and "8" are the same setting."""
    do("set", component="checkout", DB_POOL_MAX=8)
    with pytest.raises(ActionRefused, match="changes nothing"):
        do("set", component="checkout", DB_POOL_MAX="8")


def test_a_setting_that_no_code_reads_is_refused_with_the_nearest(do: Do) -> None:
    """Known are those that the component's code or the shared code asks for."""
    with pytest.raises(UsageError, match="no setting DB_POOL_MAXX") as error:
        do("set", component="checkout", DB_POOL_MAXX=8)
    assert error.value.hint == "did you mean 'DB_POOL_MAX'?"


def test_a_setting_of_shared_code_that_the_component_does_not_use_is_none_of_its(do: Do) -> None:
    """It would be a change that changes nothing."""
    do("set", component="checkout", DB_POOL_TIMEOUT="2s")
    with pytest.raises(UsageError, match="no setting CACHE_POOL_MAX"):
        do("set", component="checkout", CACHE_POOL_MAX=1)


@pytest.mark.parametrize(
    "key", ["POSTGRES_ADDR", "POSTGRES_PASSWORD", "SERVICE", "SETTINGS_DIR", "PYTHONPATH"]
)
def test_what_wires_the_stack_is_no_setting(do: Do, key: str) -> None:
    """Or the lab could be cut off from itself."""
    with pytest.raises(UsageError, match=f"{key} wires checkout up"):
        do("set", component="checkout", **{key: "x"})


def test_a_store_has_the_settings_that_the_stack_declares(lab: Lab, do: Do) -> None:
    """Redis' memory, but not its password."""
    do("set", component="redis-cache", REDIS_MAXMEMORY="32mb")
    assert lab.wanted()["redis-cache"].environment == {"REDIS_MAXMEMORY": "32mb"}


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "at least one setting"), ({"pool": 8}, "'pool' is no setting"), ({"A": [1]}, "A takes text")],
)
def test_mistakes_are_named(do: Do, given: dict[str, Any], said: str) -> None:
    """Before anything is looked up."""
    with pytest.raises(UsageError, match=said):
        do("set", component="checkout", **given)
