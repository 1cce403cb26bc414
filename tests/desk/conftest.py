"""A lab without processes for every test of the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab import double

from labctl.lab.lab import Lab


@pytest.fixture(name="both")
def _both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lab, double.DoubleRuntime]:
    return double.lab(tmp_path, monkeypatch)


@pytest.fixture
def lab(both: tuple[Lab, double.DoubleRuntime]) -> Lab:
    return both[0]


@pytest.fixture
def runtime(both: tuple[Lab, double.DoubleRuntime]) -> double.DoubleRuntime:
    return both[1]
