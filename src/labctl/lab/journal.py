"""The journal: a lab's append-only event log. Every screen, verdict and report is derived from it.

Payloads are sealed: they name the scenario, and a learner may look at any file of the lab.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.clock import Clock, SystemClock, await_until
from labctl.errors import LabError
from labctl.seal import sealed, unsealed

BUSY_S = 10.0
"""How long an append waits for other processes' appends, which take about a millisecond each."""

_SCHEMA = (
    """create table if not exists event (
        seq integer primary key, wall_s real not null, kind text not null, payload blob not null
    ) strict""",
    """create trigger if not exists appended before insert on event
        when new.seq is not (select coalesce(max(seq), 0) + 1 from event)
        begin select raise(abort, 'the journal is appended to, one after the other'); end""",
    """create trigger if not exists kept before delete on event
        begin select raise(abort, 'the journal forgets nothing'); end""",
    """create trigger if not exists unchanged before update on event
        begin select raise(abort, 'the journal is never rewritten'); end""",
)


@dataclass(frozen=True)
class Event:
    """One thing that happened. `seq` counts from 1 without gaps; `payload` is JSON."""

    seq: int
    wall_s: float
    kind: str
    payload: Mapping[str, Any]


class JournalMoved(LabError):
    """Someone appended since the caller last looked; read on and decide anew."""


class Journal:
    """One SQLite database (WAL, synchronous FULL): what `append` returned survives any crash.

    Safe for many processes and threads at once.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Open the journal, and create it where there is none."""
        self.path = path
        self._clock = clock or SystemClock()
        self._turn = threading.Lock()
        with self._translated():
            self._database = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._become_wal()
            self._database.execute("pragma synchronous = full")
            if not self._database.execute("select 1 from sqlite_master where name = 'unchanged'").fetchone():
                with self._transaction():
                    for statement in _SCHEMA:
                        self._database.execute(statement)

    def append(self, kind: str, payload: Mapping[str, Any], *, expect_seq: int | None = None) -> Event:
        """Append one event durably; JournalMoved unless the last sequence is `expect_seq`, when given."""
        data = sealed(payload)
        wall_s = self._clock.wall()
        with self._turn, self._translated(), self._transaction():
            last = self._last()
            if expect_seq is not None and last != expect_seq:
                raise JournalMoved(f"the journal is at {last}, not at {expect_seq}: another process wrote")
            self._database.execute("insert into event values (?, ?, ?, ?)", (last + 1, wall_s, kind, data))
        return Event(last + 1, wall_s, kind, unsealed(data))

    def read(self, after: int = 0) -> list[Event]:
        """Every event with a sequence above `after`, in order; LabError where another labctl wrote them."""
        with self._turn, self._translated():
            rows = self._database.execute(
                "select seq, wall_s, kind, payload from event where seq > ? order by seq", (after,)
            ).fetchall()
        return [Event(seq, wall_s, kind, self._opened(seq, payload)) for seq, wall_s, kind, payload in rows]

    def _opened(self, seq: int, payload: Any) -> Any:
        """A payload as it was given; before payloads were sealed, they were text."""
        try:
            return unsealed(payload)
        except (TypeError, ValueError) as error:
            raise LabError(
                f"the journal {self.path} is of another version of labctl, or damaged: event {seq}: {error}",
                hint=f"labctl recover --lab {self.path.parent.name} removes the lab with it",
            ) from error

    def last_seq(self) -> int:
        """The sequence of the newest event; 0 when there is none."""
        with self._turn, self._translated():
            return self._last()

    def tail(self, after: int = 0, *, every_s: float = 0.1) -> Iterator[Event]:
        """Events above `after` as they come, for ever; whoever iterates decides when to stop."""
        while True:
            for event in self.read(after):
                after = event.seq
                yield event
            self._clock.sleep(every_s)

    def close(self) -> None:
        with self._turn:
            self._database.close()

    def _last(self) -> int:
        return int(self._database.execute("select coalesce(max(seq), 0) from event").fetchone()[0])

    def _become_wal(self) -> None:
        """Switching to WAL ignores SQLite's own busy timeout, so two creators wait for each other here."""

        def switched() -> bool:
            try:
                mode = self._database.execute("pragma journal_mode = wal").fetchone()[0]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                return False
            return bool(mode == "wal")

        await_until(switched, what=f"opening {self.path}", within_s=BUSY_S, clock=SystemClock(), every_s=0.01)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LabError(
                f"the journal {self.path} cannot be read or written: {error}",
                hint="check the disk's free space and the folder's owner, then labctl recover",
            ) from error
