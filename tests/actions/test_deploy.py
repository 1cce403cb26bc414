"""deploy: other code runs, and is seen to run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.actions.conftest import Do
from tests.lab.double import DoubleRuntime, write

from labctl.errors import ActionRefused, FaultDidNotTake, UsageError
from labctl.lab.lab import Lab


def running(lab: Lab) -> set[str | None]:
    return {each.release for each in lab.runtime.observe() if each.component == "checkout"}


def test_a_release_runs_and_its_undo_is_the_one_before(lab: Lab, do: Do) -> None:
    """The change says what was and what is."""
    change = do("deploy", component="checkout", release="2.4.0")
    assert running(lab) == {"2.4.0"}
    assert change.summary == "deploy checkout 2.4.0 (was 2.3.0)"
    assert change.undo == ({"deploy": {"component": "checkout", "release": "2.3.0"}},)


def test_a_release_that_does_not_exist_is_refused_with_the_nearest(do: Do) -> None:
    """Nothing is journaled and nothing changes."""
    with pytest.raises(UsageError) as error:
        do("deploy", component="checkout", release="2.4.1")
    assert "2.4.1" in error.value.message
    assert "2.4.0" in str(error.value.hint)


@pytest.mark.parametrize("component", ["postgres", "chekout"])
def test_only_components_with_releases_can_be_deployed(do: Do, component: str) -> None:
    """A store has no release; a misspelt component does not exist."""
    with pytest.raises(UsageError, match=component):
        do("deploy", component=component, release="2.4.0")


def test_deploying_what_runs_already_changes_nothing(do: Do) -> None:
    """A decoy that changes nothing would be a mistake in its file."""
    with pytest.raises(ActionRefused, match="changes nothing"):
        do("deploy", component="checkout", release="2.3.0")


def test_a_deploy_that_the_replicas_ignore_is_no_success(do: Do, runtime: DoubleRuntime) -> None:
    """What counts is what runs, not what was asked for."""
    runtime.deaf = True
    with pytest.raises(FaultDidNotTake, match=r"checkout-1 runs 2\.3\.0"):
        do("deploy", component="checkout", release="2.4.0")


def test_a_folder_of_changed_files_is_deployed_as_a_hot_fix(lab: Lab, do: Do, tmp_path: Path) -> None:
    """The same content has the same name, and only what differs from the base is kept."""
    mine = tmp_path / "mine"
    write(mine / "orders.py", "def place():\n    return 202\n")
    write(mine / "config.py", 'POOL = environment.whole("DB_POOL_MAX", 8)\n')
    change = do("deploy", component="checkout", **{"from": str(mine)})
    (version,) = running(lab)
    assert str(version).startswith("hotfix-")
    assert str(version) in change.summary
    kept = lab.settings / "releases" / "checkout" / str(version)
    assert [path.name for path in kept.iterdir()] == ["orders.py"]
    do("rollback", component="checkout")
    do("deploy", component="checkout", release=version)
    assert running(lab) == {version}


def test_a_hot_fix_of_another_lab_is_unknown_here(do: Do) -> None:
    """Its files are not there."""
    with pytest.raises(UsageError, match="hotfix-00000000"):
        do("deploy", component="checkout", release="hotfix-00000000")


@pytest.mark.parametrize("given", [{}, {"release": "2.4.0", "from": "/tmp"}])  # noqa: S108 — never opened
def test_it_is_either_a_release_or_a_folder(do: Do, given: dict[str, str]) -> None:
    """Neither and both are mistakes."""
    with pytest.raises(UsageError, match="either a release or a folder"):
        do("deploy", component="checkout", **given)
