"""`labctl watch` where there is no terminal: plain lines, and the same rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from tests.cli.conftest import Labctl, ScriptedLoad

from labctl.cli import screen
from labctl.cli.errors import INTERRUPTED
from labctl.clock import FakeClock
from labctl.lab.lab import Lab
from labctl.lab.reach import AlertmanagerClient, PrometheusClient

PAGED = (
    ("drill.begun", {"drill": "d1", "scenario": "pool-shrunk", "mode": "drill", "run": "r1", "second": 0}),
    ("phase.injected", {"second": 10}),
    ("page.fired", {"alert": "CheckoutBudgetBurn", "fired_wall_s": 1_700_000_000.0, "second": 12}),
)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitoring answers, and knows of nothing."""
    for client in (AlertmanagerClient, PrometheusClient):
        monkeypatch.setattr(client, "alerts", lambda _: [])


def test_once_prints_every_row_and_ends(labctl: Labctl, load: ScriptedLoad) -> None:
    """On stdout, within 80 columns, without a single escape."""
    load.goes_on(30)
    code, out, err = labctl("watch", "--once")
    assert (code, err) == (0, "")
    assert "checkout        ok    100 %   99 %" in out
    assert "none under way: labctl drill CODE begins one" in out
    assert "── changes" in out
    assert "── log" not in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


class Interrupting(FakeClock):
    """Ends a watch after so many looks, as Ctrl-C does; `each` happens between them."""

    def __init__(self, each: Iterator[None]) -> None:
        super().__init__()
        self._each = each

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        try:
            next(self._each)
        except StopIteration:
            raise KeyboardInterrupt from None


def test_off_a_terminal_it_tells_what_happens(
    lab: Lab, labctl: Labctl, load: ScriptedLoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen once, then events as they come and who is hurt whenever that changes; Ctrl-C is 130."""
    load.goes_on(30)

    def happens() -> Iterator[None]:
        load.goes_on(10, checkout=9)
        yield
        for kind, payload in PAGED:
            lab.journal.append(kind, payload)
            yield
        load.goes_on(12)
        yield

    object.__setattr__(lab, "clock", Interrupting(happens()))
    code, out, _ = labctl("watch")
    assert code == INTERRUPTED
    told = [line.partition("  ")[2] for line in out.splitlines() if line[:2].isdigit()]
    assert told[0] == "Users: every journey ok"
    assert told[1] == "Users: checkout DOWN"
    assert "Alertmanager pages: CheckoutBudgetBurn." in told
    assert told[-1] == "Users: every journey ok"
    assert "fault" not in out


@pytest.mark.parametrize(("term", "there"), [("xterm-256color", True), ("dumb", False), ("", False)])
def test_a_screen_needs_a_terminal_that_can_be_drawn_on(
    term: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three streams, and more than a dumb one."""
    monkeypatch.setenv("TERM", term)
    assert not screen.possible()
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True, raising=False)
    assert screen.possible() is there
