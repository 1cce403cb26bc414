"""freeze: a component hangs until it is thawed. It runs against labctl's own fake runtime: no processes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from incident_lab_freeze.freeze import Freeze

from labctl.actions import steps
from labctl.clock import FakeClock
from labctl.errors import ActionRefused, UsageError
from labctl.lab.journal import Journal
from labctl.lab.lab import SECRETS, Lab
from labctl.runtimes.base import Site, State
from labctl.runtimes.fake import FakeRuntime
from labctl.stack.compose import baseline, load_stack


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    site = Site("test", "1d", tmp_path, tmp_path, dict.fromkeys(SECRETS, "s3cret"))
    stack, clock = load_stack(), FakeClock()
    runtime = FakeRuntime(stack, site, clock=clock)
    runtime.apply(baseline(stack))
    return Lab(site, "fake", stack, runtime, Journal(tmp_path / "journal.db", clock), clock)


def do(lab: Lab, **parameters: object) -> Freeze:
    """Take the step as a scenario would."""
    found = cast("Freeze", steps.parse({"freeze": parameters}))
    found.plan(lab)
    found.apply(lab)
    found.verify(lab)
    return found


def states(lab: Lab) -> set[State]:
    return {each.state for each in lab.runtime.observe() if each.component == "catalog"}


def test_it_hangs_and_what_takes_it_back_thaws_it(lab: Lab) -> None:
    """The undo is a step like any other."""
    plan = Freeze(component="catalog").plan(lab)
    do(lab, component="catalog")
    assert states(lab) == {State.UNREADY}
    (undo,) = plan.undo
    do(lab, **undo["freeze"])
    assert states(lab) == {State.READY}


def test_it_is_refused_where_it_changes_nothing(lab: Lab) -> None:
    """Thawing what is well, and freezing what hangs already."""
    with pytest.raises(ActionRefused, match="is well already"):
        do(lab, component="catalog", frozen=False)
    do(lab, component="catalog")
    with pytest.raises(ActionRefused, match="does not answer already"):
        do(lab, component="catalog")


def test_a_component_that_is_not_there_is_refused(lab: Lab) -> None:
    """Before anything is done."""
    with pytest.raises(UsageError, match="catalogue"):
        do(lab, component="catalogue")
