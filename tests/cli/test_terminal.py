"""Plain where nobody watches, aligned everywhere."""

import io
import json

import pytest

from labctl.cli import terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    """Two spaces between columns; no trailing blanks."""
    shown = terminal.table(("name", "n"), [("edge", 2), ("checkout", 12)], right=(1,))
    assert shown.splitlines() == ["name       n", "edge       2", "checkout  12"]


def test_an_unknown_value_is_a_dash_and_a_line_break_a_blank() -> None:
    """A cell never breaks the table."""
    assert terminal.table(("a", "b"), [(None, "x\ny")]).splitlines()[1] == "–  x y"


def test_a_long_line_is_cut_to_fit() -> None:
    """On a narrow terminal the end goes, visibly."""
    line = terminal.table(("a",), [("x" * 50,)], fit=20).splitlines()[1]
    assert line == "x" * 19 + "…"


def test_colour_needs_a_terminal_and_nobody_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, TERM=dumb and pipes are plain."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.paint("x", "red", Screen()) == "\x1b[31mx\x1b[0m"
    assert terminal.paint("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.paint("x", "red", Screen()) == "x"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.paint("x", "red", Screen()) == "x"


def test_a_document_carries_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """A machine can tell when the meaning of a field changed."""
    terminal.document({"labs": []})
    assert json.loads(capsys.readouterr().out) == {"version": 1, "labs": []}


def test_results_and_narration_go_separate_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is the result; stderr is the story."""
    terminal.out("result")
    terminal.say("story")
    assert capsys.readouterr() == ("result\n", "story\n")
