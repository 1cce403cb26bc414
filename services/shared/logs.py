"""Logs: one JSON object a line on stdout, with the trace on each."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from typing import Any, TextIO

from shared import environment, trace

_WRITE_EVERY_S = 0.05
_QUIET = ("uvicorn.error", "psycopg.pool", "asyncio")  # they tell of every connection at INFO


class JsonLines(logging.Formatter):
    """A record as JSON: ts, level, service, replica, release, trace, span, msg, and its own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": _timestamp(record.created),
            "level": record.levelname.lower(),
            "service": environment.SERVICE,
            "replica": environment.REPLICA,
            "release": environment.RELEASE,
            "trace": trace.current(),
            "span": trace.span(),
            "msg": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class InBatches(logging.StreamHandler[TextIO]):
    """Writes what was logged within 50 ms in one go, a warning and what came before it at once.

    Whoever carries a container's output away pays for each write: by the line a Docker lab took a
    twelfth more of the processor.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._some = threading.Event()
        threading.Thread(target=self._write_later, name="logs", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
        if record.levelno >= logging.WARNING:
            self.flush()
        else:
            self._some.set()

    def flush(self) -> None:
        """Write what waits; `logging` calls it at the end of the process, too."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("\n".join(lines) + "\n")
                self.stream.flush()
        finally:
            self.release()

    def _write_later(self) -> None:
        while True:
            self._some.wait()
            time.sleep(_WRITE_EVERY_S)
            self._some.clear()
            self.flush()


class Log:
    """A logger whose keyword arguments become fields of the line."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, message: str, **fields: object) -> None:
        self._logger.info(message, extra={"fields": fields})

    def warning(self, message: str, **fields: object) -> None:
        self._logger.warning(message, extra={"fields": fields})

    def error(self, message: str, *, exc_info: BaseException | None = None, **fields: object) -> None:
        self._logger.error(message, exc_info=exc_info, extra={"fields": fields})


def begin() -> None:
    """Send every logger of this process to stdout as JSON lines."""
    handler = InBatches(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _timestamp(wall_s: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall_s))
    return f"{whole}.{int(wall_s % 1 * 1000):03d}Z"
