"""Changes: what a colleague would see, which is never why."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

from labctl.actions import steps
from labctl.actions.change import Role
from labctl.actions.perform import perform
from labctl.desk.changes import ChangeRow, history
from labctl.lab.lab import Lab


def act(lab: Lab, role: Role, by: str = "drill", **step: dict[str, object]) -> None:
    lab.clock.sleep(10)
    perform(lab, steps.parse(step), role=role, by=by)


def since_up(lab: Lab) -> list[ChangeRow]:
    return [row for row in history(lab) if row.id]


def test_a_fault_cannot_be_told_from_noise(lab: Lab) -> None:
    """Two deploys and two settings, one of each harmless: the rows have the same shape and the same hand."""
    act(lab, Role.NOISE, deploy={"component": "checkout", "release": "2.3.1"})
    act(lab, Role.FAULT, deploy={"component": "checkout", "release": "2.4.0"})
    act(lab, Role.NOISE, set={"component": "checkout", "DB_POOL_TIMEOUT": "2s"})
    act(lab, Role.FAULT, set={"component": "checkout", "DB_POOL_MAX": 2})
    rows = since_up(lab)
    assert [row.who for row in rows] == ["jon", "dana", "ops", "ops"]
    assert {row.state for row in rows} == {"done"}
    shown = str([asdict(row) for row in rows])
    assert not re.search(r"\b(fault|noise|drill)\b", shown)


def test_ones_own_change_bears_ones_name(lab: Lab) -> None:
    """With what the release is about."""
    act(lab, Role.LEARNER, "you", deploy={"component": "checkout", "release": "2.4.0"})
    (row,) = since_up(lab)
    assert (row.who, row.summary, row.message) == (
        "you",
        "deploy checkout 2.4.0 (was 2.3.0)",
        "leaner defaults",
    )


def test_history_begins_with_what_was_deployed_before(lab: Lab) -> None:
    """The base and what came before it, but nothing from the future."""
    act(lab, Role.LEARNER, "you", flag={"name": "maintenance", "value": "on"})
    assert [row.summary for row in history(lab)] == ["deploy checkout 2.3.0", "flag maintenance on (was off)"]
    assert [row.summary for row in history(lab, "checkout")] == ["deploy checkout 2.3.0"]


def test_a_reset_begins_a_new_history(lab: Lab) -> None:
    """The last drill's changes are not this one's."""
    act(lab, Role.FAULT, deploy={"component": "checkout", "release": "2.4.0"})
    lab.journal.append("lab.reset", {})
    assert since_up(lab) == []


def test_a_crash_loop_says_nothing_of_itself(lab: Lab) -> None:
    """A row tells what was done; whether it works, status tells."""
    act(lab, Role.FAULT, restart={"component": "checkout"})
    (row,) = since_up(lab)
    assert replace(row, wall_s=0.0, took_s=0.0, id="") == ChangeRow(
        0.0, "ops", "restart", "checkout", "restart checkout", "", 0.0, "done", ""
    )


def test_a_third_party_tells_nobody_what_it_changes(lab: Lab) -> None:
    """What the world does to the bank is in no history of the shop."""
    act(lab, Role.FAULT, flag={"name": "bank-mood", "value": "2"})
    act(lab, Role.INJECT, restart={"component": "bank"})
    assert since_up(lab) == []


def test_what_nobody_announces_is_seen_by_what_it_does_alone(lab: Lab) -> None:
    """A network that became slow is in no history; what one did oneself always is."""
    for number, role in enumerate((Role.FAULT, Role.LEARNER)):
        begun = {
            "id": f"c{number}",
            "role": str(role),
            "by": "you",
            "step": {"session": {"name": "report", "do": "select 1"}},
            "component": "postgres",
            "summary": f"session report, {role}",
            "undo": [],
            "needs_reset": False,
        }
        lab.journal.append("change.begun", begun)
    assert [row.summary for row in since_up(lab)] == ["session report, learner"]
