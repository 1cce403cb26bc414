"""Up, down, reset, recover, and which lab is meant."""

from pathlib import Path

import pytest
from tests.cli.conftest import Labctl
from tests.lab import double

from labctl.errors import CannotRunHere
from labctl.lab import lab as labs
from labctl.lab.lab import Lab
from labctl.recover import Recovery


def test_up_says_where_things_are_and_what_to_type_next(
    lab: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop's door, both dashboards, both kinds of store."""
    monkeypatch.setattr(Lab, "up", lambda _: None)
    code, out, err = labctl("up", "--name", "test")
    assert code == 0
    for line in (
        f"the shop      {lab.front}",
        f"Prometheus    http://{lab.runtime.address('prometheus')}",
        f"Alertmanager  http://{lab.runtime.address('alertmanager')}",
        "Postgres      labctl psql --lab test",
    ):
        assert line in out.splitlines()
    assert "next:  labctl status --lab test" in err


@pytest.mark.usefixtures("lab")
def test_what_keeps_a_lab_from_starting_is_said_with_the_way_out(
    labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3 where this machine lacks a program."""

    def lacking(_: Lab) -> None:
        raise CannotRunHere("postgres is not installed", hint="labctl doctor --fix")

    monkeypatch.setattr(Lab, "up", lacking)
    code, out, err = labctl("up", "--name", "test")
    assert (code, out) == (3, "")
    assert err.endswith("error: postgres is not installed\nnext:  labctl doctor --fix\n")


def test_an_unknown_runtime_is_a_usage_error_that_leaves_no_lab(labctl: Labctl, home: Path) -> None:
    """A mistyped kind must not leave a folder that every other command stumbles over."""
    code, _, err = labctl("up", "--runtime", "dokcer")
    assert code == 2
    assert "local" in err
    assert not (home / "labs" / "lab").exists()


def test_down_ends_the_lab_that_is_meant(lab: Lab, labctl: Labctl) -> None:
    """And says so."""
    code, out, _ = labctl("down")
    assert (code, out) == (0, "test is down, and its folder is gone\n")
    assert lab.runtime.observe() == []


def test_down_all_without_a_lab_is_fine(labctl: Labctl) -> None:
    """Clean-up in a script need not ask first."""
    assert labctl("down", "--all") == (0, "no lab is up\n", "")


@pytest.mark.parametrize("command", ["status", "reset", "down", "changes", "logs", "check"])
def test_without_a_lab_each_command_says_how_to_get_one(command: str, labctl: Labctl) -> None:
    """Exit 2, and what to type."""
    assert labctl(command) == (2, "", "error: no lab is up\nnext:  labctl up\n")


@pytest.mark.usefixtures("lab")
def test_a_lab_that_there_is_not_is_named_with_those_there_are(labctl: Labctl) -> None:
    """The option and the variable mean the same."""
    code, _, err = labctl("status", "--lab", "other")
    assert code == 2
    assert "there is no lab other; there are test" in err


@pytest.mark.usefixtures("lab")
def test_the_variable_names_the_lab_too(
    labctl: Labctl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LABCTL_LAB is for a terminal that belongs to one lab."""
    monkeypatch.setenv("LABCTL_LAB", "other")
    assert "there is no lab other" in labctl("status")[2]


def test_of_several_labs_one_must_be_named_unless_one_is_the_default(
    labctl: Labctl, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never guess which lab to restart something in."""
    for name in ("blue", "red"):
        double.write(home / "labs" / name / "lab.json", "{}")
    code, _, err = labctl("down")
    assert code == 2
    assert "several labs: blue, red" in err
    opened: list[str] = []

    def opens(name: str) -> Lab:
        opened.append(name)
        raise CannotRunHere("that was enough")

    monkeypatch.setattr(labs, "open_lab", opens)
    double.write(home / "labs" / "lab" / "lab.json", "{}")
    labctl("down")
    assert opened == ["lab"]


def test_recover_tells_what_it_took_back_and_what_is_left(
    labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something left is exit 3; nothing left is 0."""
    clean = Recovery("lab", faults=["deploy checkout 2.4.0 (was 2.3.0)"], ended=["process 12 (postgres)"])
    monkeypatch.setattr("labctl.recover.recover", lambda *_, **__: clean)
    code, out, _ = labctl("recover", "--lab", "lab")
    assert code == 0
    assert out.splitlines() == [
        "lab: was in force, is no more: deploy checkout 2.4.0 (was 2.3.0)",
        "lab: was left over, is gone: process 12 (postgres)",
        "lab: nothing of it is left",
    ]
    monkeypatch.setattr("labctl.recover.recover", lambda *_, **__: Recovery("lab", left=["process 9 (x)"]))
    code, out, _ = labctl("recover", "--lab", "lab")
    assert (code, out) == (3, "lab: STILL THERE: process 9 (x)\n")


def test_recover_passes_on_what_was_asked(labctl: Labctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """--keep heals one lab; --all and no lab at all look for strays."""
    asked: list[tuple[str, dict[str, bool]]] = []

    def recover(name: str, **options: bool) -> Recovery:
        asked.append((name, options))
        return Recovery(name, kept=options["keep"])

    def recover_all(**options: bool) -> list[Recovery]:
        asked.append(("*", options))
        return []

    monkeypatch.setattr("labctl.recover.recover", recover)
    monkeypatch.setattr("labctl.recover.recover_all", recover_all)
    assert labctl("recover", "--lab", "blue", "--keep")[1] == "blue: healthy, and running\n"
    assert labctl("recover", "--all", "--force")[1] == "there was nothing to recover\n"
    assert labctl("recover")[0] == 0
    assert asked == [
        ("blue", {"keep": True, "force": False}),
        ("*", {"force": True}),
        ("*", {"force": False}),
    ]
    assert labctl("recover", "--all", "--keep")[0] == 2
