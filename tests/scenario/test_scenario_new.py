"""A new scenario: true, right, commented, and never over what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.scenario.samples import SMALL, changed, written

from labctl.errors import UsageError
from labctl.scenario import catalog, new
from labctl.scenario.lint import lint
from labctl.scenario.loader import load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with no scenarios of one's own yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(catalog.VARIABLE, raising=False)
    return tmp_path


@pytest.mark.parametrize("family", ["checkout-slow", "browse-slow", "never-heard-of"])
def test_it_lints_clean(family: str) -> None:
    """Not even a warning, in a family with siblings, one with none yet, and a new one."""
    path = new.write("card-reader-stuck", family=family)
    assert lint(path) == []
    assert (load(path).id, load(path).family) == ("card-reader-stuck", family)


@pytest.mark.parametrize("kind", ["paying", "browsing"])
def test_every_part_is_explained(kind: str) -> None:
    """A comment stands before each part that an author has to fill in."""
    text = (new.STARTS / f"{kind}.yaml").read_text(encoding="utf-8")
    parts = ("id", "briefing", "page", "noise", "faults", "expect", "hold", "fixes", "decoys", "invariants")
    for part in (*parts, "evidence", "hints", "debrief"):
        assert re.search(rf"(^#.*\n|^code.*\n)(?:^#.*\n)*^{part}:", text, re.MULTILINE), part


def test_the_editors_line_leads_to_the_schema(here: Path) -> None:
    """From the place of the file, wherever that is."""
    (here / "deep" / "er").mkdir(parents=True)
    path = new.write("a-b", out=Path("deep/er/x.yaml"))
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
    assert found
    assert (path.parent / found[1]).resolve().name == "scenario.schema.json"
    assert (path.parent / found[1]).resolve().is_file()


def test_it_goes_into_the_folder_of_scenarios(here: Path) -> None:
    """Where there is one; else here."""
    assert new.write("a-b") == Path("a-b.yaml")
    (here / "scenarios").mkdir()
    assert new.write("a-c") == Path("scenarios/a-c.yaml")


def test_nothing_is_overwritten() -> None:
    """The file stays as it was."""
    Path("mine.yaml").write_text("precious")
    with pytest.raises(UsageError, match=r"mine.yaml exists already and stays as it is"):
        new.write("a-b", out=Path("mine.yaml"))
    assert Path("mine.yaml").read_text() == "precious"


def test_a_folder_that_is_not_there_is_said() -> None:
    """With the command that makes it."""
    with pytest.raises(UsageError) as caught:
        new.write("a-b", out=Path("gone/a-b.yaml"))
    assert caught.value.hint == "mkdir -p gone"


def test_the_code_is_the_next_of_the_family(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neutral like its siblings', and nobody's yet."""
    monkeypatch.setenv(catalog.VARIABLE, str(here))
    written(here, changed("code: checkout-90", "code: paying-41").replace("checkout-slow", "till"), "t.yaml")
    assert new.free_code("till") == "paying-42"
    assert new.free_code("unheard-of") == "unheard-of-01"
    assert new.free_code("checkout-slow") not in {entry.code for entry in catalog.entries()}


def test_a_full_family_asks_for_a_code(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes have two digits."""
    monkeypatch.setenv(catalog.VARIABLE, str(here))
    written(here, changed("code: checkout-90", "code: till-99").replace("checkout-slow", "till"), "t.yaml")
    with pytest.raises(UsageError, match="every code of till is taken"):
        new.free_code("till")


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("Pool Shrunk", {}, "'Pool Shrunk' cannot be a name"),
        ("../etc", {}, "cannot be a name"),
        ("a-b", {"family": "No"}, "'No' cannot be a family"),
        ("a-b", {"code": "seven"}, "'seven' cannot be a code"),
        ("pool-shrunk", {}, "'pool-shrunk' is taken by"),
        ("a-b", {"code": "checkout-03"}, "'checkout-03' is taken by"),
    ],
)
def test_names_that_cannot_be(name: str, more: dict[str, str], said: str) -> None:
    """Refused before anything is written."""
    with pytest.raises(UsageError, match=said):
        new.write(name, **more)  # type: ignore[arg-type]
    assert list(Path().iterdir()) == []


def test_the_sample_is_still_right(tmp_path: Path) -> None:
    """Other tests rest on it."""
    assert lint(written(tmp_path, SMALL)) == []
