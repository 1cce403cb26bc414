"""Reminders and questions: when they are due, and when nobody disturbs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.errors import UsageError
from labctl.oncall.cadence import (
    LISTENING_S,
    UPDATE_EVERY_S,
    VOICES,
    Asking,
    Reminder,
    Severity,
    due,
    update_due,
)
from labctl.oncall.state import OnCall, Question, Update
from labctl.scenario.story import Voice

PAGED = OnCall(paged_wall_s=1000.0, alert="A")
SILENT = (Voice(who="nobody", says="nothing", after=9e9),)


def reminded(oncall: OnCall, now: float) -> list[str]:
    return [each.text for each in due(oncall, SILENT, now) if isinstance(each, Reminder)]


def asked(oncall: OnCall, now: float, *voices: Voice) -> list[str]:
    return [each.who for each in due(oncall, voices, now) if isinstance(each, Asking)]


def test_nothing_is_due_before_the_page() -> None:
    """However long it takes."""
    assert due(OnCall(), (), 9e9) == []
    assert update_due(OnCall()) is None


@pytest.mark.parametrize("severity", list(Severity))
def test_an_update_is_due_at_the_cadence_of_the_severity(severity: Severity) -> None:
    """From the page, then from the last update."""
    oncall = replace(PAGED, severity=str(severity))
    every_s = UPDATE_EVERY_S[severity]
    assert reminded(oncall, 1000 + every_s - 1) == []
    assert len(reminded(oncall, 1000 + every_s)) == 1
    told = replace(oncall, updates=(Update(1100.0, "looking"),))
    assert update_due(told) == 1100 + every_s
    assert reminded(told, 1100 + every_s - 1) == []
    assert str(severity) in reminded(told, 1100 + every_s)[0]


def test_worse_is_told_more_often() -> None:
    """SEV1 most of all."""
    cadences = [severity.every_s for severity in Severity]
    assert cadences == sorted(cadences)
    assert len(set(cadences)) == 4


def test_what_nobody_declared_counts_as_serious_and_says_so() -> None:
    """SEV2, four minutes."""
    assert reminded(PAGED, 1239.0) == []
    assert reminded(PAGED, 1240.0) == [
        "4 min without an update; SEV2 (nobody has declared a severity) is told every 4 min"
    ]


def test_a_reminder_comes_once_per_cadence() -> None:
    """Not twice a second."""
    again = replace(PAGED, reminded_wall_s=1240.0)
    assert reminded(again, 1479.0) == []
    assert "8 min without an update" in reminded(again, 1480.0)[0]


def test_people_ask_once_each_and_in_their_time() -> None:
    """The usual ones, or the scenario's own."""
    assert asked(PAGED, 1059.0) == []
    assert asked(PAGED, 1060.0) == ["support"]
    first = Question(1060.0, VOICES[0].who, VOICES[0].says)
    assert asked(replace(PAGED, questions=(first,)), 1180.0) == ["head of the shop"]
    own = Voice(who="the bank", says="Is it us?", after=10.0)
    assert asked(PAGED, 1200.0, own) == ["the bank"]


def test_nobody_asks_who_has_just_been_told() -> None:
    """They ask later."""
    told = replace(PAGED, updates=(Update(1055.0, "looking"),))
    assert asked(told, 1055 + LISTENING_S - 1) == []
    assert asked(told, 1055 + LISTENING_S) == ["support"]


def test_nobody_disturbs_while_a_claim_is_judged() -> None:
    """The verdict is news enough."""
    assert due(replace(PAGED, claimed_wall_s=1100.0), (), 5000.0) == []


def test_a_severity_is_written_as_one_likes() -> None:
    """And a wrong one is told what there is."""
    assert [Severity.of(text) for text in ("SEV1", "sev2", " 3 ")] == [
        Severity.SEV1,
        Severity.SEV2,
        Severity.SEV3,
    ]
    for wrong in ("SEV5", "bad", ""):
        with pytest.raises(UsageError, match="there are SEV1, SEV2, SEV3, SEV4"):
            Severity.of(wrong)
