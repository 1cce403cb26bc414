from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes.subjects import Subject, open_subject


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for labs that other users may pass through, as a home must be."""
    path = Path(tempfile.mkdtemp(prefix="incident-lab-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(
    params=[
        "fake",
        pytest.param("local", marks=pytest.mark.integration),
        pytest.param("docker", marks=[pytest.mark.integration, pytest.mark.docker]),
    ]
)
def subject(request: pytest.FixtureRequest, folder: Path) -> Iterator[Subject]:
    """Each runtime in turn, destroyed at the end whatever happens."""
    subject = open_subject(request.param, folder)
    yield subject
    subject.runtime.destroy()


@pytest.fixture
def local(folder: Path) -> Iterator[Subject]:
    subject = open_subject("local", folder)
    yield subject
    subject.runtime.destroy()
