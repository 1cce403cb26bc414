"""A source: one thing that is asked again and again in a thread of its own, and may hang without harm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from labctl.clock import Clock, duration
from labctl.errors import LabError

STALE_S = 5.0
"""How old an answer may be before a screen says so."""

T = TypeVar("T")


class Source(Generic[T]):
    """The latest answer of `ask`, when it came, and what was wrong with the last attempt."""

    def __init__(self, name: str, ask: Callable[[], T], *, clock: Clock, every_s: float) -> None:
        self.name = name
        self.value: T | None = None
        self.clock = clock
        self._ask, self._every_s = ask, every_s
        self._since = clock.now()  # of the last answer, or the beginning
        self._error: str | None = None
        self._stopped = threading.Event()

    def look(self) -> None:
        """Ask once. What keeps the answer from us is a problem and no error."""
        try:
            self.value = self._ask()
        except LabError as error:
            self._error = error.message
        except Exception as error:  # noqa: BLE001 — a screen outlives whatever an incident breaks
            self._error = f"{type(error).__name__}: {error}"
        else:
            self._error = None
            self._since = self.clock.now()

    def problem(self) -> str | None:
        """Why the value is not to be trusted as it is, in words."""
        if self._error:
            return self._error
        silent_s = self.clock.now() - self._since
        return f"no answer for {duration(round(silent_s))}" if silent_s >= STALE_S else None

    def start(self) -> None:
        """Ask every `every_s` seconds until stopped; nobody waits for this thread, not even the exit."""
        threading.Thread(target=self._run, name=f"source-{self.name}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self._every_s)
