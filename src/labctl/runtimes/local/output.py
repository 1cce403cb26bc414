"""What replicas print: bounded files, and every line with the time at which it was written.

Programs append to their file themselves, which costs the supervisor nothing. The time of a line is
read from the line; one without (a traceback, a banner) has the time of the line before it.
"""

from __future__ import annotations

import heapq
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from labctl.runtimes.base import Line

MAX_BYTES = 20 * 1024 * 1024
_FOLLOW_EVERY_S = 0.2

_EPOCH = re.compile(r'"ts":\s*(\d{9,}(?:\.\d+)?)')
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*(Z|[+-]\d\d:?\d\d)?")
_REDIS = re.compile(r"^\d+:\w (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}) ")


def bound(log: Path) -> None:
    """Keep a file under about 20 MB: what there is goes to `<file>.1`, the program writes on from zero."""
    if log.exists() and log.stat().st_size > MAX_BYTES:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        with log.open("r+b") as file:
            file.truncate(0)


def stamp(text: str) -> float | None:
    """The wall time in a line's head, in seconds since the epoch; times without a zone are UTC."""
    head = text[:200]
    if found := _EPOCH.search(head):
        return float(found[1])
    if found := _ISO.search(head):
        zone = (found[3] or "Z").replace("Z", "+00:00")
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()
    if found := _REDIS.match(head):
        return datetime.strptime(found[1], "%d %b %Y %H:%M:%S.%f").replace(tzinfo=UTC).timestamp()
    return None


def lines(logs: Path, component: str, *, since_wall_s: float, follow: bool) -> Iterator[Line]:
    """Every line of every replica of a component, the gone ones too, by time; with `follow` for ever."""
    files = {log: _Tail(log) for log in _files(logs, component)}
    past = [tail.new() for tail in files.values()]
    yield from (line for line in heapq.merge(*past, key=_when) if line.wall_s >= since_wall_s)
    while follow:
        for log in _files(logs, component):
            files.setdefault(log, _Tail(log))
        fresh = sorted((line for tail in files.values() for line in tail.new()), key=_when)
        yield from (line for line in fresh if line.wall_s >= since_wall_s)
        if not fresh:
            time.sleep(_FOLLOW_EVERY_S)


def last_lines(log: Path, count: int) -> list[str]:
    """The end of one replica's output, for an error message."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return file.read().decode(errors="replace").splitlines()[-count:]


def _when(line: Line) -> float:
    return line.wall_s


def _files(logs: Path, component: str) -> list[Path]:
    numbered = re.compile(re.escape(component) + r"-\d+\.log(\.1)?")
    return [log for log in sorted(logs.glob(f"{component}-*.log*")) if numbered.fullmatch(log.name)]


class _Tail:
    """One growing file."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._replica = log.name.partition(".log")[0]
        self._offset = 0
        self._clock: float | None = None

    def new(self) -> list[Line]:
        """The whole lines that were added since the last call."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as file:
            if self._log.stat().st_size < self._offset:
                self._offset = 0  # it was truncated
            file.seek(self._offset)
            data = file.read()
            whole, newline, _ = data.rpartition(b"\n")
            self._offset += len(whole) + len(newline)
        texts = whole.decode(errors="replace").split("\n") if newline else []
        stamps = [stamp(text) for text in texts]
        if self._clock is None:
            known = next((each for each in stamps if each is not None), None)
            self._clock = known if known is not None else self._log.stat().st_mtime
        found = []
        for text, wall_s in zip(texts, stamps, strict=True):
            self._clock = max(self._clock, wall_s if wall_s is not None else 0.0)
            found.append(Line(self._clock, self._replica, text))
        return found
