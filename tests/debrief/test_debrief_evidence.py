"""The debrief shows what was measured in this drill beside what the scenario requires."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labctl import drill, recording
from labctl.debrief import pages
from labctl.debrief.postmortem import draft
from labctl.debrief.report import Report
from tests.debrief.drills import TARGETS
from tests.engine import world
from tests.engine.test_drill import ROLL_BACK, claims, does, paged

PIECES = (
    "debrief:",
    (
        "evidence:\n"
        "  - {say: requests queue up, query: waiting, above: 4}\n"
        "  - {say: statements are quick, query: took, below: 0.05}\n"
        "  - {say: the bank is quick, query: bank, below: 0.4}\n"
        "figures:\n"
        "  - {say: eight sessions, sql: select count(*) from sessions, about: 8}\ndebrief:"
    ),
)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Of a drill in which one piece held, one had no value, and one could not be asked."""
    lab = world.build(tmp_path, monkeypatch)
    lab.world.answers |= {"waiting": [115.2], "took": [], "bank": [0.1, 0.2]}
    does(lab, ROLL_BACK, when=paged(lab, later_s=8))
    claims(lab)
    chosen = world.scenario(PIECES)
    drill.drill(lab, chosen, clock=lab.clock, quiet_s=0.0)
    return Report(recording.record(lab), chosen, TARGETS)


SAID = (
    "measured 115, required above 4",
    "measured nothing, required below 0.05",
    "could not be asked (evidence 'the bank is quick' has 2 values; aggregate it to one), required below 0.4",
)


def test_measured_stands_beside_required(report: Report) -> None:
    """Also that there was nothing, and why it could not be asked."""
    assert tuple(each.said for each in report.evidence) == SAID
    assert [each["found"] for each in report.plain()["evidence"]] == ["115", "nothing", None]


def test_every_form_tells_it(report: Report) -> None:
    """Markdown, the page, and the postmortem's draft."""
    for said in SAID:
        assert said in pages.markdown(report, "")
        assert said in draft(report)
    page = pages.html(report, "")
    assert "measured <b>115</b>, required above 4" in page
    assert "measured <b>nothing</b>, required below 0.05" in page
    assert "aggregate it to one), required below 0.4" in page


def test_what_was_not_executed_is_only_required(report: Report) -> None:
    """As in a recording from before: the question alone, and no measurement that never was."""
    events = tuple(event for event in report.recording.events if event.kind != "evidence.found")
    told = replace(report, recording=replace(report.recording, events=events))
    assert [each.said for each in told.evidence] == [
        "required above 4",
        "required below 0.05",
        "required below 0.4",
    ]


def test_the_storys_numbers_are_told_with_how_to_measure_them(report: Report) -> None:
    """In each form; nobody measured them in the drill."""
    told = pages.markdown(report, "")
    assert "- eight sessions: `select count(*) from sessions`" in told
    assert "<code>select count(*) from sessions</code>" in pages.html(report, "")
    asked = "select count(*) from sessions"
    assert report.plain()["figures"] == [{"say": "eight sessions", "asked": asked, "about": 8}]
