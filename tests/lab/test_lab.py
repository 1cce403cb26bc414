"""A lab's folder: made once, found again, private."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from labctl.errors import LabError, NoSuchLab, UsageError
from labctl.lab.home import folder, names
from labctl.lab.lab import Lab, create, open_lab, site


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCTL_HOME", str(tmp_path))


def test_a_new_lab_is_found_again() -> None:
    """With the same identity and secrets, which differ from any other lab's."""
    made, other = create("one", "fake"), create("two", "fake")
    found = open_lab("one")
    assert (found.name, found.id, found.kind) == ("one", made.id, "fake")
    assert found.secrets == made.secrets
    assert len({*made.secrets.values(), *other.secrets.values()}) == 8
    assert made.id != other.id
    assert names() == ["one", "two"]


def test_secrets_are_for_the_owner_alone() -> None:
    """And fit into a URL as they are."""
    lab = create("one", "fake")
    assert (lab.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert all(text.replace("-", "").replace("_", "").isalnum() for text in lab.secrets.values())


def test_a_lab_is_made_once() -> None:
    """The second to try learns that it is there, and changes nothing."""
    made = create("one", "fake")
    with pytest.raises(UsageError, match="there is a lab one already"):
        create("one", "fake")
    assert open_lab("one").secrets == made.secrets


def test_no_such_lab_says_which_there_are() -> None:
    """And how to have one."""
    create("one", "fake")
    with pytest.raises(NoSuchLab, match="no lab two; there are one") as missing:
        open_lab("two")
    assert missing.value.hint == "labctl up"


def test_a_lab_whose_making_was_cut_short_is_known_and_not_opened() -> None:
    """lab.json comes first, so recover can take it from there."""
    lab = create("one", "fake")
    (lab.folder / "secrets.json").unlink()
    with pytest.raises(LabError, match="was never finished") as error:
        open_lab("one")
    assert error.value.hint == "labctl recover --lab one"
    assert site(folder("one")).id == lab.id
    assert site(folder("one")).secrets == {}


def test_a_broken_file_is_an_error_with_its_path() -> None:
    """Not a traceback."""
    lab = create("one", "fake")
    (lab.folder / "lab.json").write_text("{")
    with pytest.raises(LabError, match=r"lab\.json cannot be read"):
        open_lab("one")


def test_up_returns_when_users_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline is applied, and journaled once the first seconds are there."""
    lab, seconds = create("one", "fake"), iter([[], [], ["a second"]])
    monkeypatch.setattr(Lab, "load", SimpleNamespace(seconds=lambda **_: next(seconds)))
    lab.up()
    assert lab.wanted()["checkout"].replicas == 1
    assert [event.kind for event in lab.journal.read()] == ["lab.up"]
    assert next(seconds, None) is None


def test_up_again_starts_what_is_down_and_heals_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a drill could be won by it."""
    lab = create("one", "fake")
    monkeypatch.setattr(Lab, "load", SimpleNamespace(seconds=lambda **_: ["a second"]))
    lab.up()
    lab.apply(lab.wanted().edit("checkout", release="2.4.0"))
    lab.up()
    assert lab.wanted()["checkout"].release == "2.4.0"


def test_down_leaves_nothing() -> None:
    """No folder, and the runtime was told to end everything."""
    lab = create("one", "fake")
    lab.down()
    assert not lab.folder.exists()
    assert lab.runtime.observe() == []
    assert json.dumps(names()) == "[]"
