"""The learner's actions, typed."""

from pathlib import Path

import pytest
from tests.cli.conftest import Labctl

from labctl.lab.lab import Lab


def test_a_deploy_runs_the_release_and_says_what_it_was(lab: Lab, labctl: Labctl) -> None:
    """stdout has the change, stderr the waiting."""
    code, out, err = labctl("deploy", "checkout", "2.4.0")
    assert code == 0
    assert out.startswith("deploy checkout 2.4.0 (was 2.3.0): it took effect")
    assert err == "deploy …\n"
    assert lab.wanted()["checkout"].release == "2.4.0"


def test_a_rollback_takes_the_deploy_back(lab: Lab, labctl: Labctl) -> None:
    """To the release before."""
    labctl("deploy", "checkout", "2.4.0")
    assert labctl("rollback", "checkout")[0] == 0
    assert lab.wanted()["checkout"].release == "2.3.0"


@pytest.mark.usefixtures("lab")
def test_a_rollback_without_a_deploy_is_refused(labctl: Labctl) -> None:
    """Exit 1, with what to look at."""
    code, out, err = labctl("rollback", "checkout")
    assert (code, out) == (1, "")
    assert "next:" in err


def test_a_hot_fix_is_deployed_from_a_folder(lab: Lab, labctl: Labctl, tmp_path: Path) -> None:
    """The learner's own code, under a name made of its content."""
    (tmp_path / "fix").mkdir()
    (tmp_path / "fix" / "config.py").write_text("POOL = 8\n")
    code, out, err = labctl("deploy", "checkout", "--from", str(tmp_path / "fix"))
    assert (code, err) == (0, "deploy …\n"), err
    assert "hotfix-" in out
    assert str(lab.wanted()["checkout"].release).startswith("hotfix-")


@pytest.mark.parametrize(
    "arguments", [("deploy", "checkout"), ("deploy", "checkout", "2.4.0", "--from", ".")]
)
@pytest.mark.usefixtures("lab")
def test_a_deploy_takes_a_release_or_a_folder(labctl: Labctl, arguments: tuple[str, ...]) -> None:
    """Neither and both are usage errors."""
    code, _, err = labctl(*arguments)
    assert code == 2
    assert "either a release or --from DIR" in err


@pytest.mark.usefixtures("lab")
def test_a_mistyped_release_gets_a_suggestion(labctl: Labctl) -> None:
    """Exit 2, and nothing was done."""
    code, _, err = labctl("deploy", "checkout", "2.4.1")
    assert code == 2
    assert "2.4.0" in err


@pytest.mark.usefixtures("lab")
def test_a_mistyped_component_names_those_there_are(labctl: Labctl) -> None:
    """Exit 2."""
    code, _, err = labctl("restart", "chekout")
    assert code == 2
    assert "checkout" in err


@pytest.mark.usefixtures("lab")
def test_what_is_not_ours_cannot_be_changed(labctl: Labctl) -> None:
    """The bank is a third party's: exit 1."""
    code, _, err = labctl("restart", "bank")
    assert code == 1
    assert "third party" in err


def test_settings_are_set_and_taken_back(lab: Lab, labctl: Labctl) -> None:
    """`KEY=` is the default again."""
    assert labctl("set", "checkout", "DB_POOL_MAX=4")[0] == 0
    assert lab.wanted()["checkout"].environment == {"DB_POOL_MAX": "4"}
    assert labctl("set", "checkout", "DB_POOL_MAX=")[0] == 0
    assert lab.wanted()["checkout"].environment == {}


def test_scale_and_limit_change_what_is_wanted(lab: Lab, labctl: Labctl) -> None:
    """Replicas, memory and CPU."""
    assert labctl("scale", "checkout", "3")[0] == 0
    assert labctl("limit", "catalog", "--memory", "512m", "--cpus", "1.5")[0] == 0
    assert lab.wanted()["checkout"].replicas == 3
    limits = lab.wanted()["catalog"].limits
    assert (limits.memory_mb, limits.cpus) == (512, 1.5)


@pytest.mark.usefixtures("lab")
def test_a_limit_of_nothing_says_what_it_takes(labctl: Labctl) -> None:
    """Exit 2, with an example."""
    code, _, err = labctl("limit", "catalog")
    assert code == 2
    assert "next:  labctl limit catalog --memory 512m" in err


def test_restart_replaces_every_process(lab: Lab, labctl: Labctl) -> None:
    """It took effect when each identity is new."""
    before = {each.identity for each in lab.runtime.observe() if each.component == "checkout"}
    assert labctl("restart", "checkout")[0] == 0
    after = {each.identity for each in lab.runtime.observe() if each.component == "checkout"}
    assert not before & after


@pytest.mark.usefixtures("lab")
def test_an_action_that_changes_nothing_is_refused(labctl: Labctl) -> None:
    """Exit 1: a silent no-op would look like a fix that failed."""
    assert labctl("scale", "checkout", "1")[0] == 1


def test_a_component_that_does_not_come_up_is_said(lab: Lab, labctl: Labctl) -> None:
    """Exit 3, naming it and where to look."""
    lab.runtime.sick["checkout"] = "exited with 1"  # type: ignore[attr-defined]  # the fake's own
    code, _, err = labctl("scale", "checkout", "2")
    assert code == 3
    assert "checkout: exited with 1" in err
    assert "labctl logs checkout" in err


def test_without_a_lab_an_action_says_how_to_get_one(labctl: Labctl) -> None:
    """Exit 2."""
    assert labctl("restart", "edge") == (2, "", "error: no lab is up\nnext:  labctl up\n")


@pytest.mark.usefixtures("lab")
def test_changes_lists_what_was_done_and_diff_shows_it(labctl: Labctl) -> None:
    """With the releases that were there before, and their messages."""
    labctl("deploy", "checkout", "2.4.0")
    code, out, _ = labctl("changes", "checkout")
    assert code == 0
    assert "deploy checkout 2.4.0 (was 2.3.0): leaner defaults" in out
    assert "deploy checkout 2.3.0: carts keep their order" in out
    code, out, err = labctl("diff", "checkout")
    assert code == 0
    assert "+++" in out
    assert "checkout 2.4.0" in err
