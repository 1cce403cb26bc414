"""A lab that a package extends: its journey is visited, measured, and pages, as the shop's own do."""

from __future__ import annotations

import os

import pytest

from labctl import assets
from tests import packages
from tests.e2e.terminal import at_home, environment_of, soon

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_example_s_journey_pages_when_nobody_serves_it(runtime: str) -> None:
    """Green in a healthy shop; without catalog Alertmanager pages, and its runbook is there."""
    with at_home(runtime) as terminal:
        package = packages.install(
            terminal.home / "package", "freeze", "[labctl.journeys]\nreviews = incident_lab_freeze.journeys\n"
        )
        code = assets.root() / "examples" / "incident-lab-freeze" / "src"
        known = environment_of(terminal.home, runtime)["PYTHONPATH"]
        path = os.pathsep.join((str(package), str(code), known))

        def reviews() -> tuple[int, float | None, bool]:
            """How many were asked for, the share that was good, and whether somebody is paged."""
            found = terminal.types("status", "--json", PYTHONPATH=path).json
            (row,) = [each for each in found["journeys"] if each["journey"] == "reviews"]
            paged = {each["name"] for each in found["alerts"] if each["labels"].get("severity") == "page"}
            return row["due"], row["good_share"], "ReviewsBudgetBurn" in paged

        up = terminal.types("up", PYTHONPATH=path)
        assert up.code == 0, up.err
        soon(lambda: reviews()[0] >= 60, "ten seconds of reviews")
        assert reviews()[1:] == (1.0, False)

        terminal.types("scale", "catalog", "0", PYTHONPATH=path)
        soon(lambda: reviews()[2], "a page for reviews")
        assert terminal.types("runbook", "ReviewsBudgetBurn", PYTHONPATH=path).out.startswith("# Reviews")
