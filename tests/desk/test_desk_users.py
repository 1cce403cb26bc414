"""What users like to look at: load is told, and nobody of the shop can read or change it."""

from __future__ import annotations

import pytest

from labctl import assets
from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.desk.changes import history
from labctl.errors import ActionRefused
from labctl.lab.lab import Lab
from labctl.stack.flags import told

ROOT = assets.root()
NAME = "visitors-star-share"
LIKED = {"flag": {"name": NAME, "value": "50%"}}


@pytest.fixture(autouse=True)
def _real_flags(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:  # after the lab's own assets
    monkeypatch.setattr(assets, "root", lambda: ROOT)


def test_what_users_like_is_in_no_history_and_no_file_in_the_clear(lab: Lab) -> None:
    """As what the world does to the bank: it is seen by what it does alone."""
    perform(lab, steps.parse(LIKED), role=Role.FAULT, by="drill")
    assert (told(lab.settings) or {})[NAME] == "50%"
    assert [row.summary for row in history(lab) if row.id] == []
    read = b"".join(file.read_bytes() for file in lab.settings.rglob("*") if file.is_file())
    assert NAME.encode() not in read


def test_nobody_of_the_shop_decides_what_users_like(lab: Lab) -> None:
    """It is refused, whoever has guessed the name."""
    with pytest.raises(ActionRefused, match="load is not ours to change"):
        perform(lab, steps.parse(LIKED), role=Role.LEARNER, by="you")
