"""A JSON file in the settings folder that others may replace at any time; in the clear, or sealed."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shared.logs import Log

_LOG = Log("settings")


class WatchedFile:
    """The file's content, re-read when it changed; looked at no more than every `interval_s`.

    An absent file is empty. A broken one keeps what was last read, and says so in the log.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval_s: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        parse: Callable[[bytes], Any] = json.loads,
    ) -> None:
        self._path = path
        self._parse = parse
        self._interval_s = interval_s
        self._clock = clock
        self._next_look = float("-inf")
        self._stamp: tuple[int, int, int] | None = None
        self._content: Mapping[str, Any] = {}
        self.written_at = 0.0  # epoch seconds; 0 for an absent file
        self.version = 0  # rises with every change, so that callers can cache what they derive

    def content(self) -> Mapping[str, Any]:
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + self._interval_s
            self._look()
        return self._content

    def _look(self) -> None:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        except FileNotFoundError:
            stamp = None
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if stamp is None:
            self._accept({}, 0.0)
            return
        try:
            content = self._parse(self._path.read_bytes())
        except (OSError, ValueError) as error:
            _LOG.error("settings not readable, the last ones stay", file=self._path.name, error=str(error))
            return
        if isinstance(content, dict):
            self._accept(content, stamp[0] / 1e9)
        else:
            _LOG.error("settings are no JSON object, the last ones stay", file=self._path.name)

    def _accept(self, content: Mapping[str, Any], written_at: float) -> None:
        self._content = content
        self.written_at = written_at
        self.version += 1


def unsealed(data: bytes) -> Any:
    """The JSON in a sealed file; ValueError when it was not sealed."""
    try:
        return json.loads(zlib.decompressobj().decompress(data))
    except zlib.error as error:
        raise ValueError(f"it is not sealed: {error}") from error
