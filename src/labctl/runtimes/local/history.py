"""What happened to the replicas: an append-only file, whose cursor is the offset where an event ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from labctl.runtimes.base import Event, EventKind


class History:
    """The supervisor's side."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            self._drop_half_an_event()

    def _drop_half_an_event(self) -> None:
        """A supervisor that was killed while writing leaves no line end; nobody has read that."""
        data = self._path.read_bytes()
        if not data.endswith(b"\n"):
            with self._path.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)

    def append(
        self,
        kind: EventKind,
        replica: str,
        component: str,
        *,
        exit_code: int | None = None,
        wanted: bool = False,
        said: str = "",
    ) -> None:
        line = json.dumps([time.time(), kind, replica, component, exit_code, wanted, *filter(None, [said])])
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read(path: Path, since: int) -> Iterator[Event]:
    """The events that end after byte `since`, in order; one that is still being written comes next time."""
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(since)
        cursor = since
        for line in file:
            if not line.endswith(b"\n"):
                return
            cursor += len(line)
            wall_s, kind, *rest = json.loads(line)
            yield Event(cursor, wall_s, EventKind(kind), *rest)
