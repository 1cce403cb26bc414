"""Commands typed during a drill are kept for its debrief; others, and secrets, are not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad

from labctl.cli.journaled import kind_of
from labctl.errors import LabError
from labctl.lab.journal import Journal
from labctl.lab.lab import Lab
from labctl.lab.reach import AlertmanagerClient

BEGUN = {"drill": "d1", "scenario": "pool-shrunk", "mode": "drill", "run": "r1", "second": 0}


@pytest.fixture(autouse=True)
def _quiet(load: ScriptedLoad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AlertmanagerClient, "alerts", lambda _: [])
    load.goes_on(5)


def kept(lab: Lab) -> list[tuple[list[str], str]]:
    events = [event for event in lab.journal.read() if event.kind == "command.run"]
    return [(event.payload["argv"], event.payload["kind"]) for event in events]


def test_looks_and_acts_of_a_drill_are_kept_in_order(lab: Lab, labctl: Labctl) -> None:
    """Once each, before they work, a refused one as well; what neither looks nor acts is not."""
    lab.journal.append("drill.begun", BEGUN)
    labctl("status")
    labctl("logs", "edge", "--since", "5s")
    labctl("check")
    labctl("restart", "bank")
    assert kept(lab) == [
        (["status"], "look"),
        (["logs", "edge", "--since", "5s"], "look"),
        (["restart", "bank"], "act"),
    ]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [("drill.begun", {**BEGUN, "mode": "verify"})],
        [("drill.begun", BEGUN), ("drill.ended", {"how": "mitigated", "second": 9})],
        [("drill.begun", BEGUN), ("lab.reset", {})],
    ],
)
def test_without_a_drill_under_way_nothing_is_kept(
    lab: Lab, labctl: Labctl, events: list[tuple[str, dict[str, Any]]]
) -> None:
    """Before, after, and while a script proves a scenario."""
    for kind, payload in events:
        lab.journal.append(kind, payload)
    labctl("status")
    assert kept(lab) == []


def test_secrets_in_arguments_are_not_kept(lab: Lab, labctl: Labctl) -> None:
    """The lab's own and what looks like one."""
    lab.journal.append("drill.begun", BEGUN)
    labctl("set", "checkout", "POSTGRES_PASSWORD=hunter2")
    labctl("logs", "--grep", "s3cret")
    assert [argv for argv, _ in kept(lab)] == [
        ["set", "checkout", "POSTGRES_PASSWORD=***"],
        ["logs", "--grep", "***"],
    ]


def test_a_journal_that_cannot_be_written_spoils_no_look(
    lab: Lab, labctl: Labctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is when one looks most."""

    def full(*_: object, **__: object) -> None:
        raise LabError("disk full")

    lab.journal.append("drill.begun", BEGUN)
    monkeypatch.setattr(Journal, "append", full)
    assert labctl("changes")[0] == 0


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("psql|select 1", "look"),
        ("psql|explain analyze select 1", "look"),
        ("psql|--user|analytics|update t set a = 1", "act"),
        ("psql|select pg_terminate_backend(7)", "act"),
        ("redis|redis-cache|info|memory", "look"),
        ("redis|redis-cache|flushall", "act"),
        ("redis|redis-cache|config|set|maxmemory|1", "act"),
        ("redis|redis-cache|config|get|maxmemory", "look"),
        ("sh|checkout", "look"),
        ("trace|4bf9", "look"),
        ("page", "look"),
        ("rollback|checkout", "act"),
        ("sql|analyze", "act"),
        ("check", None),
        ("list", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_question_that_changes_data_is_an_act(typed: str, kind: str | None) -> None:
    """By the command, and for the stores by what is asked of them."""
    assert kind_of([word for word in typed.split("|") if word]) == kind
