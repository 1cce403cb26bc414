"""What authors type: new, lint and schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Labctl
from tests.scenario.samples import SMALL, changed, written

from labctl import assets, runtimes
from labctl.runtimes import base
from labctl.scenario.schema import SCHEMAS

BRIEFING = ("briefing: A weekday's peak.", "briefing: Ask whoever scaled the pool.")
ABOUT = ("about: Somebody scaled checkout to nothing.", "about: The pool was gone.")


def with_a_warning() -> str:
    return changed(*BRIEFING).replace(*ABOUT)


def test_a_new_scenario_is_written_and_named(
    labctl: Labctl, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """stdout is the file alone; what to type next is narration. A second time is refused."""
    monkeypatch.chdir(home)
    code, out, err = labctl("new", "reader-stuck")
    assert (code, out) == (0, "reader-stuck.yaml\n")
    assert "labctl verify reader-stuck.yaml" in err
    assert labctl("lint", "reader-stuck.yaml")[0] == 0
    code, _, err = labctl("new", "reader-stuck")
    assert code == 2
    assert "exists already" in err


def test_mistakes_fail_and_warnings_do_not(labctl: Labctl, home: Path) -> None:
    """Unless --strict; either way they are said."""
    path = str(written(home, with_a_warning()))
    code, out, err = labctl("lint", path)
    assert (code, out) == (0, f"{path}: fine\n")
    assert ":6:11: warning: 'pool' is how the debrief tells the cause" in err
    code, out, err = labctl("lint", path, "--strict")
    assert (code, out) == (2, "")
    assert ":6:11: warning: 'pool'" in err
    assert labctl("lint", str(written(home, changed("hold: 30s", "hold: 3s"))))[0] == 2


def test_lint_for_machines(labctl: Labctl, home: Path) -> None:
    """Each file with its mistakes, versioned; the exit code is the same."""
    path = written(home, changed("hold: 30s", "hold: 3s"))
    code, out, _ = labctl("lint", str(path), "--format", "json")
    assert code == 2
    (file,) = json.loads(out)["files"]
    (mistake,) = file["mistakes"]
    assert (file["file"], mistake["line"], mistake["warning"]) == (str(path), 10, False)


def test_lint_for_github(labctl: Labctl, tmp_path: Path) -> None:
    """One workflow command for each finding, with what would end it escaped."""
    folder = tmp_path / "a,b:c"
    folder.mkdir()
    text = with_a_warning().replace("hold: 30s", "hold: 3s")
    code, out, _ = labctl("lint", str(written(folder, text)), "--format", "github")
    warning, error = out.splitlines()
    assert code == 2
    where = str(folder / "s.yaml").replace("a,b:c", "a%2Cb%3Ac")
    assert warning.startswith(f"::warning file={where},line=6,col=11::'pool' is how")
    assert error.startswith(f"::error file={where},line=10,col=7::a hold of 3 s proves little")


def test_an_unknown_format_is_refused(labctl: Labctl) -> None:
    """With those that there are."""
    code, _, err = labctl("lint", "x.yaml", "--format", "xml")
    assert code == 2
    assert "there are text, json, github" in err


def test_what_this_machine_cannot_run_is_a_note(
    labctl: Labctl, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no mistake of the file."""
    path = str(written(home, changed("level: 1", "level: 1\nrequires: [freeze]")))
    monkeypatch.setattr(runtimes, "chosen_kind", lambda _: "local")
    assert "note" not in labctl("lint", path, "--strict")[2]
    monkeypatch.setattr(runtimes, "capabilities", lambda _: frozenset({base.Capability.CPU_LIMIT}))
    code, out, err = labctl("lint", path, "--strict")
    assert (code, out) == (0, f"{path}: fine\n")
    assert "note: it needs freeze, which the local runtime lacks here" in err


def test_a_folder_without_scenarios_is_said(labctl: Labctl, tmp_path: Path) -> None:
    """Linting nothing must not look like success."""
    code, _, err = labctl("lint", str(tmp_path / "gone"))
    assert code == 2
    assert "there is no scenario file" in err


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_printed(labctl: Labctl, kind: str) -> None:
    """As it is kept in the repository."""
    code, out, _ = labctl("schema", kind)
    assert code == 0
    assert out == assets.path(*SCHEMAS[kind].file).read_text(encoding="utf-8")


def test_all_schemas_are_written(labctl: Labctl, tmp_path: Path) -> None:
    """Into a folder, which is made."""
    code, out, _ = labctl("schema", "--out", str(tmp_path / "new"))
    assert code == 0
    assert {Path(line).name for line in out.splitlines()} == {each.file[-1] for each in SCHEMAS.values()}
    for each in SCHEMAS.values():
        assert (tmp_path / "new" / each.file[-1]).read_text(encoding="utf-8") == each.text()


def test_an_unknown_schema_is_refused(labctl: Labctl) -> None:
    """With those that there are."""
    code, _, err = labctl("schema", "poem")
    assert code == 2
    assert "there are scenario, slo" in err


def test_the_sample_is_fine(labctl: Labctl, home: Path) -> None:
    """Nothing is said but that."""
    path = str(written(home, SMALL))
    assert labctl("lint", path, "--strict") == (0, f"{path}: fine\n", "")
