"""The drill's driver behind the screen: in a thread of its own, and told when the learner leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from labctl.clock import Clock

if TYPE_CHECKING:
    from labctl.judge import Verdict

LEAVE_WITHIN_S = 20.0
"""How long a change that is under way may take to end before it is left to `recover`."""


class Left(BaseException):  # not an Exception: nothing between the clock and the thread may catch it
    """The learner has left; the incident goes on without a driver."""


class LeavingClock:
    """A clock whose sleepers wake up, with Left, once the learner has gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = threading.Event()

    def now(self) -> float:
        return self._clock.now()

    def wall(self) -> float:
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        if self._left.is_set():
            raise Left
        self._clock.sleep(seconds)

    def leave(self) -> None:
        self._left.set()


class Driving:
    """Runs `drive(clock)` beside the screen; tells whoever started it when that has ended."""

    def __init__(self, drive: Callable[[Clock], Verdict | None], clock: Clock) -> None:
        self.done = False  # the drill has ended, with this verdict or without
        self.verdict: Verdict | None = None
        self.error: Exception | None = None
        self._drive, self._clock = drive, LeavingClock(clock)
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)
        self._tell: Callable[[], object] = lambda: None

    def start(self, tell: Callable[[], object]) -> None:
        """Begin; `tell` is called, in the driver's thread, when the drill has ended or failed."""
        self._tell = tell
        self._thread.start()

    def leave(self) -> None:
        """Let go of the drill: returns when the driver has, or when that takes too long."""
        self._clock.leave()
        if self._thread.ident is not None:
            self._thread.join(LEAVE_WITHIN_S)

    def _run(self) -> None:
        try:
            self.verdict = self._drive(self._clock)
            self.done = True
        except Left:
            return
        except Exception as error:  # noqa: BLE001 — raised again by whoever opened the screen
            self.error = error
        self._tell()
