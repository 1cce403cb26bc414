"""What the tests mean by "a lab", and which of them can run here."""

from __future__ import annotations

import os

import pytest

from labctl.runtimes import docker

# Plain processes, on machines with a Docker engine too, unless told.
os.environ.setdefault("LABCTL_RUNTIME", "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an engine its tests are skipped, but with REQUIRE_DOCKER, as in CI, they fail.

    The folder with the longest waits comes first: begun last, one process would be left alone with them.
    """
    items.sort(key=lambda item: "services" not in item.path.parts)
    theirs = [item for item in items if item.get_closest_marker("docker")]
    if theirs and not os.environ.get("REQUIRE_DOCKER") and not docker.answers():
        for item in theirs:
            item.add_marker(pytest.mark.skip(reason="no Docker engine answers"))
