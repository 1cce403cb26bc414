"""A recording outlives its lab: what was written is what is read, and what is none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import recording
from labctl.debrief import pages
from labctl.debrief.report import Report
from labctl.errors import UsageError
from tests.debrief.drills import TARGETS
from tests.engine import world
from tests.engine.world import prove, scenario


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events and seconds of the newest drill, also where the traffic's shape changed half-way."""
    lab = world.build(tmp_path, monkeypatch)
    prove(lab, scenario(), only="fix:roll back")
    made = recording.record(lab)
    made.save(tmp_path / "kept.json")
    kept = recording.load(tmp_path / "kept.json")
    assert (kept.scenario, kept.runtime, kept.drill) == ("pool-shrunk", lab.kind, made.drill)
    assert kept.events[0].kind == "drill.begun"
    assert kept.events[-1].kind == "lab.reset"
    assert kept.of("verdict")[0].payload["outcome"] == "mitigated"
    assert [each.journeys for each in kept.seconds] == [each.journeys for each in made.seconds]
    assert [each.expected for each in kept.seconds] == [each.expected for each in made.seconds]


def test_another_load_s_seconds_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load was restarted: its seconds begin at 1 again and are not the drill's. It can still be told."""
    lab = world.build(tmp_path, monkeypatch)
    prove(lab, scenario(), only="fix:roll back")
    lab.world.run = "run-2"
    made = recording.record(lab)
    assert (made.seconds, made.of("verdict")[0].payload["outcome"]) == ((), "mitigated")
    report = Report(made, scenario(), TARGETS)
    assert "<svg" in pages.html(report, postmortem="")
    assert pages.markdown(report, postmortem="")


def test_a_lab_without_a_drill_has_nothing_to_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what to do."""
    with pytest.raises(UsageError, match="no drill has begun"):
        recording.record(world.build(tmp_path, monkeypatch))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "scenario": "x"}'])
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever else is in the file: a clear error, and how one is made."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no recording"):
        recording.load(path)
