"""perform: journaled before it is applied, whoever does it and whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
from tests.actions.conftest import Do
from tests.lab.double import DoubleRuntime

from labctl.actions import steps
from labctl.actions.change import Role, State, changes, outstanding
from labctl.actions.perform import perform, undo
from labctl.errors import ActionRefused, RuntimeFailed, UsageError
from labctl.lab.lab import Lab


def kinds(lab: Lab) -> list[str]:
    return [event.kind for event in lab.journal.read()]


def test_the_undo_is_journaled_before_anything_changes(
    lab: Lab, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash during the change leaves enough to take it back."""
    apply, seen = lab.runtime.apply, []

    def crash(wanted: Any) -> None:
        apply(wanted)
        seen.extend(outstanding(lab.journal.read()))
        raise KeyboardInterrupt

    monkeypatch.setattr(lab.runtime, "apply", crash)
    with pytest.raises(KeyboardInterrupt):
        do("set", component="checkout", DB_POOL_MAX=2)
    assert [change.state for change in seen] == [State.BEGUN]
    monkeypatch.setattr(lab.runtime, "apply", apply)
    undo(lab, seen[0])
    assert lab.wanted()["checkout"].environment == {}
    assert outstanding(lab.journal.read()) == []


def test_a_change_says_who_did_what_and_how_long_it_took(lab: Lab, do: Do) -> None:
    """begun, then done."""
    change = do("scale", component="checkout", replicas=2)
    assert (change.role, change.by, change.component, change.action) == (
        Role.LEARNER,
        "you",
        "checkout",
        "scale",
    )
    assert change.state is State.DONE
    assert change.took_s is not None
    assert kinds(lab) == ["change.begun", "change.done"]


def test_an_old_change_is_as_old_as_it_is_told(lab: Lab) -> None:
    """Noise may be from yesterday; for everything else the journal's own time counts."""
    step = steps.parse({"flag": {"name": "maintenance", "value": "on"}})
    change = perform(lab, step, role=Role.NOISE, by="ops", age_s=86_400)
    assert change.wall_s == lab.clock.wall() - 86_400


@pytest.mark.parametrize("role", [Role.LEARNER, Role.FIX, Role.DECOY])
@pytest.mark.parametrize(
    ("step", "whose"),
    [
        ({"restart": {"component": "bank"}}, "bank is not ours to change: it is a third party's"),
        ({"flag": {"name": "bank-mood", "value": "2"}}, "bank is not ours to change"),
        (
            {"scale": {"component": "load", "replicas": 0}},
            "load is not ours to change: it is part of the lab",
        ),
    ],
)
def test_what_is_not_ours_cannot_be_changed_by_us(
    lab: Lab, role: Role, step: dict[str, Any], whose: str
) -> None:
    """Neither by the learner nor by a scripted fix or decoy; nothing is journaled."""
    with pytest.raises(ActionRefused, match=whose):
        perform(lab, steps.parse(step), role=role, by="you")
    assert kinds(lab) == []


@pytest.mark.parametrize("role", [Role.FAULT, Role.NOISE, Role.INJECT])
def test_what_is_not_ours_can_break_all_the_same(lab: Lab, role: Role) -> None:
    """The world may do to the bank what we may not."""
    assert (
        perform(lab, steps.parse({"restart": {"component": "bank"}}), role=role, by="lab").state is State.DONE
    )


def test_a_fault_may_keep_a_component_down(do: Do, runtime: DoubleRuntime) -> None:
    """A crash loop is a fault that took; the change tells what happened."""
    runtime.broken = "checkout"
    change = do("deploy", component="checkout", release="2.4.0", role=Role.FAULT)
    assert (change.state, change.error) == (State.DONE, "checkout is not ready")


def test_a_learners_deploy_that_does_not_come_up_failed_and_is_in_force(
    lab: Lab, do: Do, runtime: DoubleRuntime
) -> None:
    """They learn why, and can roll back."""
    runtime.broken = "checkout"
    with pytest.raises(RuntimeFailed, match="checkout is not ready"):
        do("deploy", component="checkout", release="2.4.0")
    (change,) = changes(lab.journal.read())
    assert (change.state, change.outstanding) == (State.FAILED, True)
    runtime.broken = None
    do("rollback", component="checkout")
    assert lab.wanted()["checkout"].release == "2.3.0"


def test_undo_in_reverse_order_restores_everything(lab: Lab, do: Do) -> None:
    """Whatever was stacked on whatever."""
    before = lab.wanted()
    do("set", component="checkout", DB_POOL_MAX=2)
    do("set", component="checkout", DB_POOL_MAX=4, DB_POOL_TIMEOUT="1s")
    do("flag", name="maintenance", value="on")
    do("limit", component="edge", memory="64m", cpus=0.2)
    do("deploy", component="checkout", release="2.4.0")
    do("scale", component="checkout", replicas=3)
    for change in outstanding(lab.journal.read()):
        assert undo(lab, change).state is State.UNDONE
    assert lab.wanted() == before
    assert outstanding(lab.journal.read()) == []


def test_undo_of_what_never_came_into_force_is_fine(lab: Lab, do: Do) -> None:
    """And so is a second undo."""
    change = do("flag", name="maintenance", value="on")
    undo(lab, change)
    assert undo(lab, change.id).state is State.UNDONE


def test_a_reset_forgets_what_was_outstanding(lab: Lab, do: Do) -> None:
    """Nothing of it is in force any more; the history of releases begins anew."""
    do("deploy", component="checkout", release="2.4.0")
    lab.journal.append("lab.reset", {})
    assert outstanding(lab.journal.read()) == []
    with pytest.raises(ActionRefused, match="no release to go back to"):
        do("rollback", component="checkout")


def test_an_unknown_change_cannot_be_undone(lab: Lab) -> None:
    """It says where to look."""
    with pytest.raises(UsageError, match="no change nonsense"):
        undo(lab, "nonsense")
