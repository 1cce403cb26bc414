"""The live screen on a real terminal and a real lab: what it shows, what its keys do, how it leaves."""

from __future__ import annotations

import pytest

from tests.e2e.play import plays
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

RESTORED = "\x1b[?1049l"
"""Leaves the alternate screen: what was on the terminal before is back."""


def test_watch_shows_a_real_lab_and_gives_the_terminal_back(shared: Terminal) -> None:
    """Users, stack and the keys that are valid; ? and q do what they say; Ctrl-C leaves too."""
    with plays(shared, "watch") as screen:
        screen.sees("USERS, last 10 s", within_s=30)
        screen.sees("checkout ok", "none under way: labctl drill CODE begins one", "postgres ok")
        assert screen.keys == ["?", "q"]
        assert all(len(line) <= 80 for line in screen.lines)
        screen.presses("?")
        screen.sees("r resolve claim that it is over, and be judged – no drill is under way")
        screen.presses("q")
        assert screen.ends() == 0
        assert "the lab runs on: labctl watch shows it again" in screen.text
    with plays(shared, "watch", columns=120, rows=40) as screen:
        screen.sees("last 120 s", "checkout ok", within_s=60)
        screen.presses("\x03")
        assert screen.ends() == 130


def test_without_a_terminal_it_is_plain_lines(shared: Terminal) -> None:
    """`--once` ends by itself; TERM=dumb is no screen either."""
    once = shared.types("watch", "--once")
    assert once.code == 0, once.err
    assert "\x1b" not in once.out
    assert "checkout        ok" in once.out
    with plays(shared, "watch", TERM="dumb") as screen:
        screen.sees("Users: every journey ok", within_s=60)
        assert screen.process.isalive()
