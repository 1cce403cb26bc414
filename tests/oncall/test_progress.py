"""Progress: what became of the drills that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl.oncall import progress
from labctl.oncall.progress import Tried
from labctl.recording import Recording
from tests.engine.test_machine import BEGUN, journal

MITIGATED = ("verdict", {"outcome": "mitigated", "durable": True, "second": 9})
STOPGAP = ("verdict", {"outcome": "mitigated", "durable": False, "second": 9})
MASKED = ("verdict", {"outcome": "masked", "durable": False, "second": 9})
REVEALED: tuple[str, dict[str, Any]] = ("cause.revealed", {})
QUIT = ("drill.ended", {"how": "quit", "second": 9})


def drill(*told: tuple[str, dict[str, Any]], scenario: str = "s") -> Recording:
    return Recording(scenario, "local", tuple(journal(("drill.begun", BEGUN), *told)), ())


@pytest.mark.parametrize(
    ("told", "best", "done"),
    [
        ([MITIGATED], "mitigated", True),
        ([MASKED, MITIGATED], "mitigated", True),
        ([STOPGAP], "mitigated, not durable", True),
        ([REVEALED, MITIGATED], "mitigated after the reveal", False),
        ([MASKED, QUIT], "masked", False),
        ([QUIT], "given up", False),
        ([], "given up", False),
    ],
)
def test_a_drill_counts_for_its_best_verdict(told: list[Any], best: str, done: bool) -> None:
    """What was told beforehand is no achievement."""
    tried = progress.fold([drill(*told)])["s"]
    assert (tried.tries, tried.best, tried.done) == (1, best, done)


def test_the_best_of_several_drills_stands() -> None:
    """Each scenario for itself, however it went afterwards."""
    kept = [drill(MASKED), drill(MITIGATED), drill(QUIT), drill(QUIT, scenario="t")]
    assert progress.fold(kept) == {"s": Tried(3, "mitigated"), "t": Tried(1, "given up")}


def test_files_that_are_none_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One damaged file does not cost a learner the list."""
    monkeypatch.setenv("LABCTL_HOME", str(tmp_path))
    assert progress.all_kept() == []
    progress.folder().mkdir()
    (progress.folder() / "broken.json").write_text("{")
    drill(MITIGATED).save(progress.folder() / "d1.json")
    assert [each.scenario for each in progress.all_kept()] == ["s"]


def test_what_nobody_could_judge_is_more_than_given_up() -> None:
    """It was no choice of the learner's; a verdict that was reached before it counts more."""
    void = ("drill.ended", {"how": "could not judge", "why": "the load was restarted", "second": 9})
    assert progress.outcome(drill(void)) == "could not judge"
    assert progress.outcome(drill(MASKED, void)) == "masked"
