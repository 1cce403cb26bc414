"""The screen on a real pseudo-terminal, without a lab: what it leaves behind, whatever ends it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

import pexpect
import pytest

WITHIN_S = 120  # a busy machine takes that long to import things
_ENTERED, _LEFT = "\x1b[?1049h", "\x1b[?1049l"

PROGRAM = """
import sys, threading
from labctl.cli.errors import report
from labctl.cli.screen.app import LiveScreen
from labctl.cli.screen import show
from labctl.cli.screen.story import Story

def opened():
    if HOW == "fails":
        raise RuntimeError("the disk is on fire")
    threading.Event().wait()

try:
    code = show.shown(LiveScreen("lab", opened, Story(lambda name: None)))
except Exception as error:
    code = report(error)
print("code", code)
sys.exit(code)
"""
Starts = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def starts() -> Iterator[Starts]:
    """A screen whose lab never opens, or fails to; killed at the end."""
    running: list[pexpect.spawn[str]] = []

    def start(how: str = "hangs", size: tuple[int, int] = (24, 80), **environment: str) -> pexpect.spawn[str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
        process: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-c", f"HOW = {how!r}\n{PROGRAM}"],
            env={**kept, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path), **environment},
            dimensions=size,
            encoding="utf-8",
            timeout=WITHIN_S,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill(signal.SIGKILL)
        process.wait()  # `close` alone gives a killed process a tenth of a second
        process.close()


def ends(process: pexpect.spawn[str]) -> str:
    """All that was drawn from now on, once it has ended with the terminal given back."""
    process.expect(pexpect.EOF)
    drawn = process.before or ""
    assert _LEFT in drawn
    assert "\x1b[?25h" in drawn, "the cursor is back"
    process.close()
    return drawn[drawn.index(_LEFT) :]


def test_the_frame_comes_first_and_q_leaves(starts: Starts) -> None:
    """The lab that is being opened never answers; nobody waits for it, not even the exit."""
    process = starts()
    process.expect_exact(_ENTERED)
    process.expect_exact("waiting for the first seconds of users")
    process.send("q")
    assert "code 0" in ends(process)
    assert process.exitstatus == 0


def test_what_fails_is_said_on_a_terminal_that_is_back(starts: Starts) -> None:
    """The error comes after the alternate screen is left, in one piece."""
    process = starts("fails")
    process.expect_exact(_ENTERED)
    said = ends(process)
    assert "the disk is on fire" in said
    assert process.exitstatus == 3


def test_a_signal_gives_the_terminal_back(starts: Starts) -> None:
    """SIGTERM is an end like any other."""
    process = starts()
    process.expect_exact("waiting for the first seconds of users")
    process.kill(signal.SIGTERM)
    assert f"code {128 + signal.SIGTERM}" in ends(process)


def test_no_color_stays_for_what_is_printed_later(starts: Starts) -> None:
    """The error's label is plain, too."""
    process = starts("fails", NO_COLOR="1")
    process.expect_exact(_ENTERED)
    said = ends(process)
    assert "error: labctl has a bug here" in said


def test_the_terminal_is_believed_before_the_environment(starts: Starts) -> None:
    """COLUMNS and LINES may be another terminal's, or from before a window was made wider."""
    process = starts(size=(40, 120), COLUMNS="80", LINES="24")
    process.expect_exact("last 120 s")


def test_a_terminal_that_has_no_size_yet_is_asked_again(starts: Starts) -> None:
    """A container's has none until somebody is attached: drawn for 80 columns, and then as it is."""
    process = starts(size=(0, 0))
    process.expect_exact("last 60 s")
    process.setwinsize(40, 120)
    process.expect_exact("last 120 s")
