"""A lab without processes for every test of an action."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.lab import double

from labctl.actions import steps
from labctl.actions.change import Change, Role
from labctl.actions.perform import perform
from labctl.lab.lab import Lab

Do = Callable[..., Change]


@pytest.fixture(name="both")
def _both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lab, double.DoubleRuntime]:
    return double.lab(tmp_path, monkeypatch)


@pytest.fixture
def lab(both: tuple[Lab, double.DoubleRuntime]) -> Lab:
    return both[0]


@pytest.fixture
def runtime(both: tuple[Lab, double.DoubleRuntime]) -> double.DoubleRuntime:
    return both[1]


@pytest.fixture
def do(lab: Lab) -> Do:
    """Does a step in the lab, as the learner unless another role is given."""

    def done(action: str, *, role: Role = Role.LEARNER, **parameters: Any) -> Change:
        return perform(lab, steps.parse({action: parameters}), role=role, by="you")

    return done
