"""Debrief, record and postmortem, as somebody types them."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad

from labctl import recording
from labctl.lab.lab import Lab
from labctl.oncall import progress

KEPT = Path(__file__).parent.parent / "fixtures" / "checkout-played.json"


@pytest.fixture
def kept(home: Path) -> Path:
    """A drill that is over, as a drill leaves it."""
    folder = home / "drills"
    folder.mkdir()
    return Path(shutil.copy(KEPT, folder / f"{recording.load(KEPT).drill}.json"))


@pytest.fixture
def under_way(lab: Lab, load: ScriptedLoad, real_assets: None) -> Lab:
    """A drill that has paged and goes on."""
    load.goes_on(12)
    begun = {"drill": "d1", "scenario": "pool-shrunk", "mode": "drill", "run": "r1", "second": 1}
    lab.journal.append("drill.begun", begun)
    lab.journal.append("phase.injected", {"second": 6})
    load.goes_on(10, checkout=9)
    lab.journal.append("phase.red", {"second": 14, "journey": "checkout", "took_s": 8, "failed_share": 0.9})
    return lab


def test_the_newest_drill_is_told_without_a_lab(kept: Path, labctl: Labctl) -> None:
    """From its recording alone: the story with its wrong turns, the score in parts, what contributed."""
    code, out, err = labctl("debrief")
    assert code == 0, err
    for said in (
        "checkout-03  Paying takes for ever",
        "A  restart postgres: no effect: failed checkout 92 % → 92 %",
        "time to acknowledge                 10 of 10   6 s after the page",
        "What contributed",
        "The numbers, to measure yourself",
        "- twelve customers a second want to pay\n    sum(rate(journey_requests_total{job=",
    ):
        assert said in out
    assert max(map(len, out.splitlines())) <= 80
    assert "labctl debrief --html FILE" in err


def test_it_is_written_as_a_page_and_as_markdown(kept: Path, labctl: Labctl, tmp_path: Path) -> None:
    """Both, by the drill's id, if one likes."""
    page, text = tmp_path / "d.html", tmp_path / "d.md"
    code, _, err = labctl("debrief", kept.stem[:5], "--html", str(page), "--markdown", str(text))
    assert code == 0, err
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().startswith("# Debrief: Paying takes for ever")
    assert f"written: {page}" in err


def test_machines_get_one_document(kept: Path, labctl: Labctl) -> None:
    """Versioned, with the scenario's name: the drill is over."""
    code, out, _ = labctl("debrief", "--json")
    told = json.loads(out)
    assert (code, told["version"], told["scenario"], told["outcome"]) == (0, 1, "pool-shrunk", "mitigated")


def test_before_the_end_nothing_is_given_away(under_way: Lab, kept: Path, labctl: Labctl) -> None:
    """Not even an older drill is told instead, by mistake."""
    code, out, err = labctl("debrief")
    assert (code, out) == (2, "")
    assert "the drill is not over" in err
    assert "labctl reveal" in err
    assert "pool" not in err


def test_a_recording_of_a_drill_that_goes_on_tells_nothing(
    under_way: Lab, labctl: Labctl, tmp_path: Path
) -> None:
    """Whatever way it is asked for."""
    path = tmp_path / "mine.json"
    assert labctl("record", "--out", str(path))[:2] == (0, f"{path}\n")
    assert labctl("debrief", str(path))[0] == 2


@pytest.mark.parametrize(
    ("kind", "payload"), [("cause.revealed", {}), ("drill.ended", {"how": "quit", "second": 20})]
)
def test_after_reveal_or_the_end_it_is_told(
    under_way: Lab, labctl: Labctl, kind: str, payload: dict[str, object]
) -> None:
    """Straight from the lab that is still up."""
    under_way.journal.append(kind, payload)
    code, out, err = labctl("debrief")
    assert code == 0, err
    assert "No verdict." in out
    assert "Release 2.4.0 of checkout cut its connection pool" in out


def test_without_a_drill_it_says_what_to_do(labctl: Labctl) -> None:
    """A fresh machine, or an id that nobody has heard of."""
    code, _, err = labctl("debrief")
    assert code == 2
    assert "labctl drill CODE" in err
    assert "there is no drill that begins with 'abc'" in labctl("debrief", "abc")[2]


def test_a_file_that_cannot_be_written_is_said(kept: Path, labctl: Labctl, tmp_path: Path) -> None:
    """With its name, and no traceback."""
    code, _, err = labctl("debrief", "--html", str(tmp_path / "no" / "d.html"))
    assert code == 2
    assert "cannot be written: No such file" in err


def test_a_draft_is_linted_until_it_is_finished(kept: Path, labctl: Labctl, tmp_path: Path) -> None:
    """Findings have their place and what to write instead; one's own work is never overwritten."""
    path = tmp_path / "postmortem.md"
    assert labctl("postmortem", "draft", str(path))[0] == 0
    code, out, _ = labctl("postmortem", "lint", str(path))
    assert code == 1
    assert f"{path}:3:56: “[[who wrote this]]” is a blank that was left" in out
    assert "    instead: " in out
    assert labctl("postmortem", "draft", str(path))[0] == 2
    path.write_text("# Done\n\nThe pool was cut, and nothing watched it.\n")
    assert labctl("postmortem", "lint", str(path))[:2] == (0, f"{path}: fine\n")


def test_findings_for_machines(labctl: Labctl, tmp_path: Path) -> None:
    """Line, column, what, and what instead; exit 1 as ever."""
    path = tmp_path / "p.md"
    path.write_text("It was human error.\n")
    code, out, _ = labctl("postmortem", "lint", str(path), "--json")
    found = json.loads(out)["findings"]
    assert code == 1
    assert [(each["line"], each["column"]) for each in found] == [(1, 8)]


def test_what_cannot_be_linted_is_a_usage_error(labctl: Labctl, tmp_path: Path) -> None:
    """No such file, no such verb."""
    assert labctl("postmortem", "lint", str(tmp_path / "none.md"))[0] == 2
    assert labctl("postmortem", "praise", str(tmp_path / "none.md"))[0] == 2


def test_a_drill_is_recorded_as_a_file(under_way: Lab, labctl: Labctl, tmp_path: Path) -> None:
    """By default named after the drill; what was written is read again."""
    code, out, err = labctl("record", "--out", str(tmp_path / "r.json"))
    assert code == 0, err
    assert recording.load(Path(out.strip())).drill == "d1"
    assert labctl("record", "--out", str(tmp_path / "no" / "r.json"))[0] == 2


def test_a_drill_that_nobody_could_judge_is_told(under_way: Lab, labctl: Labctl) -> None:
    """What happened and why there is no verdict, from the lab and from what was kept."""

    under_way.journal.append("drill.ended", {"how": "could not judge", "why": "the load was restarted"})
    path = progress.keep(under_way, ())
    for words in (("debrief",), ("debrief", path.stem)):
        code, out, err = labctl(*words)
        assert code == 0, err
        assert "The drill ends: could not judge: the load was restarted" in " ".join(out.split())
