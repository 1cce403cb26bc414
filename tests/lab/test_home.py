"""Where labs are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.errors import UsageError
from labctl.lab import home


def test_home_is_where_labctl_home_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LABCTL_HOME wins over everything."""
    monkeypatch.setenv("LABCTL_HOME", str(tmp_path))
    assert home.home() == tmp_path
    assert home.folder("second") == tmp_path / "labs" / "second"


def test_home_of_root_is_not_below_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres runs as its own user and must reach it."""
    monkeypatch.delenv("LABCTL_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert home.home() == Path("/var/lib/incident-lab")


def test_home_of_a_user_is_their_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME where it is set."""
    monkeypatch.delenv("LABCTL_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/state")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert home.home() == Path("/somewhere/state/incident-lab")


@pytest.mark.parametrize("name", ["", "Lab", "a b", "../x", "x" * 21, "-a", "a-", "lab\n"])
def test_a_name_that_could_be_no_folder_is_refused(name: str) -> None:
    """Names are short, lower case and cannot lead elsewhere."""
    with pytest.raises(UsageError, match="cannot name a lab"):
        home.folder(name)


def test_folders_let_others_through_and_show_them_nothing(tmp_path: Path) -> None:
    """Nobody but the owner can list them; as root, Postgres' user can pass."""
    made = home.make_private(tmp_path / "a" / "b")
    modes = {path.stat().st_mode & 0o777 for path in (made, made.parent)}
    assert modes == {0o711 if os.geteuid() == 0 else 0o700}
