"""The journal: nothing acknowledged is lost, whoever dies."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from labctl.clock import FakeClock, SystemClock, await_until
from labctl.errors import LabError
from labctl.lab.journal import Journal, JournalMoved

_WRITER = """
import sys
from pathlib import Path
from labctl.lab.journal import Journal

journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    event = journal.append("wrote", {"writer": sys.argv[2], "number": number})
    print(event.seq, number, flush=True)
"""


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Sequence, time, kind and payload survive; sequences count from 1 without gaps."""
    journal = Journal(tmp_path / "journal.db", FakeClock(wall=1000.0))
    first = journal.append("lab.up", {"name": "lab"})
    second = journal.append("change.begun", {"undo": [{"flag": {"name": "a", "value": None}}]})
    assert Journal(tmp_path / "journal.db").read() == [first, second]
    assert (first.seq, first.wall_s, second.seq) == (1, 1000.0, 2)
    assert journal.read(after=1) == [second]
    assert journal.last_seq() == 2


def test_an_append_may_expect_that_nobody_wrote_meanwhile(tmp_path: Path) -> None:
    """With a sequence that is no longer the last, nothing is written."""
    journal = Journal(tmp_path / "journal.db")
    journal.append("phase.green", {}, expect_seq=0)
    with pytest.raises(JournalMoved, match="at 1, not at 0"):
        journal.append("phase.green", {}, expect_seq=0)
    assert [event.seq for event in journal.read()] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "update event set kind = 'other'",
        "delete from event",
        "insert into event values (9, 0, 'gap', '{}')",
        "insert or replace into event values (1, 0, 'other', '{}')",
    ],
)
def test_the_past_cannot_be_changed(tmp_path: Path, statement: str) -> None:
    """Not even by someone with SQL: triggers refuse."""
    path = tmp_path / "journal.db"
    written = Journal(path).append("lab.up", {})
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)
    database.close()
    assert Journal(path).read() == [written]


def test_writers_that_are_killed_lose_nothing_they_were_told_is_written(tmp_path: Path) -> None:
    """Five processes append at once, two are killed amid it: no gap, no loss, the rest undisturbed."""
    path = tmp_path / "journal.db"
    lasting, doomed = 40, 1_000_000
    writers = [_Writer(tmp_path, path, index, doomed if index < 2 else lasting) for index in range(5)]
    for writer in writers[:2]:
        writer.kill_after(20)
    assert [writer.process.wait(60) for writer in writers] == [-9, -9, 0, 0, 0]

    events = Journal(path).read()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    kept = {(event.seq, event.payload["writer"], event.payload["number"]) for event in events}
    for writer in writers:
        assert writer.acknowledged() <= kept
    assert all(sum(name == str(index) for _, name, _ in kept) == lasting for index in (2, 3, 4))


class _Writer:
    """A process that appends and says on its output what was acknowledged."""

    def __init__(self, folder: Path, journal: Path, index: int, count: int) -> None:
        self._index = str(index)
        self._output = folder / f"writer-{index}"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(journal), self._index, str(count)], stdout=output
            )

    def kill_after(self, count: int) -> None:
        """kill -9, once so many appends were acknowledged."""
        await_until(
            lambda: len(self.acknowledged()) >= count, what="appends", within_s=30, clock=SystemClock()
        )
        self.process.send_signal(signal.SIGKILL)

    def acknowledged(self) -> set[tuple[int, str, int]]:
        """Sequence, writer and number of each whole line."""
        lines = self._output.read_text().splitlines(keepends=True)
        pairs = [line.split() for line in lines if line.endswith("\n")]
        return {(int(seq), self._index, int(number)) for seq, number in pairs}


def test_tail_brings_what_is_written_later(tmp_path: Path) -> None:
    """A reader sees events of another writer in order, each once."""
    clock = FakeClock()
    journal, other = Journal(tmp_path / "journal.db", clock), Journal(tmp_path / "journal.db")
    other.append("one", {})

    def write(_: float) -> None:
        other.append("two", {})

    clock.on_tick = write
    tail = journal.tail()
    assert [next(tail).kind, next(tail).kind, next(tail).seq] == ["one", "two", 3]


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A folder that is gone is a LabError with the path, not a traceback of SQLite's."""
    with pytest.raises(LabError, match=r"gone/journal\.db cannot be read or written"):
        Journal(tmp_path / "gone" / "journal.db")


def test_nobody_reads_a_payload_in_passing(tmp_path: Path) -> None:
    """Not in the database, and not in what it has not yet put there."""
    journal = Journal(tmp_path / "journal.db")
    for number in range(50):
        journal.append("drill.begun", {"scenario": "pool-shrunk", "number": number})
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"drill.begun" in data for data in files)
    assert not any(b"pool-shrunk" in data or b"scenario" in data for data in files)
    assert journal.read()[-1].payload == {"scenario": "pool-shrunk", "number": 49}


def before_sealing(path: Path) -> None:
    """A journal as labctl kept it once: payloads were text."""
    with sqlite3.connect(path) as database:
        database.execute("create table event (seq integer primary key, wall_s real, kind text, payload text)")
        database.execute("insert into event values (1, 5.0, 'lab.up', '{}')")
    database.close()


def test_a_journal_from_before_payloads_were_sealed_says_so(tmp_path: Path) -> None:
    """A LabError with its path and what to type, and no traceback."""
    before_sealing(tmp_path / "journal.db")
    with pytest.raises(LabError, match=r"journal\.db is of another version of labctl") as caught:
        Journal(tmp_path / "journal.db").read()
    assert str(caught.value.hint).startswith("labctl recover --lab ")
