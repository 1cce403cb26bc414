"""The event file: cursors, and what a killed writer leaves."""

from __future__ import annotations

from pathlib import Path

from labctl.runtimes.base import EventKind
from labctl.runtimes.local import history
from labctl.runtimes.local.history import History


def test_an_event_that_is_being_written_comes_later(tmp_path: Path) -> None:
    """Half an event is not read, and not skipped."""
    path = tmp_path / "events"
    History(path).append(EventKind.STARTED, "web-1", "web")
    (first,) = history.read(path, 0)
    with path.open("a") as file:
        file.write("[17000")
    assert list(history.read(path, first.cursor)) == []


def test_a_new_writer_drops_half_an_event(tmp_path: Path) -> None:
    """A supervisor that was killed while writing spoils nothing for the next."""
    path = tmp_path / "events"
    History(path).append(EventKind.STARTED, "web-1", "web")
    with path.open("a") as file:
        file.write("[17000")
    History(path).append(EventKind.EXITED, "web-1", "web", exit_code=137)
    assert [event.exit_code for event in history.read(path, 0)] == [None, 137]


def test_no_file_is_no_events(tmp_path: Path) -> None:
    """Before the first apply nothing has happened."""
    assert list(history.read(tmp_path / "events", 0)) == []
