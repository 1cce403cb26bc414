"""The drill that most of these tests debrief, played once."""

import pytest

from labctl.recording import Recording
from tests.debrief import drills


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A wrong turn, a hint, harm to carts, and the fix."""
    with pytest.MonkeyPatch.context() as patch:
        return drills.played(tmp_path_factory.mktemp("world"), patch)
