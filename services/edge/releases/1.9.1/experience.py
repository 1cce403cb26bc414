"""What users get, counted when it is known: at the answer, or when their patience is over.

A request that hangs is late the moment its journey's threshold passes, not when something at last
gives up on it: alerts that waited for the end would wait for the longest timeout behind the edge.
"""

from __future__ import annotations

from asyncio import TimerHandle, get_running_loop
from collections.abc import Mapping
from time import perf_counter

from prometheus_client import Counter

from shared.journeys import told
from shared.metrics import Timed

BESIDE = {name: each.threshold_s for name, each in told().items()}
"""Journeys that are not of the shop's own making, told once at the start: no user can add a series."""
THRESHOLDS_S: Mapping[str, float] = {
    "home": 0.4,
    "product": 0.3,
    "search": 0.5,
    "cart": 0.4,
    "checkout": 1.0,
    "order-status": 0.4,
    "account-history": 0.5,
    **BESIDE,
}
"""How long users of each journey wait, as `slos/` promises; a test holds the two together."""
GOOD, LATE, FAILED = "good", "late", "failed"

_COUNTED = Counter("journey_requests", "What users get, each request once", ("journey", "outcome"))
_SERIES = {
    (journey, outcome): _COUNTED.labels(journey, outcome)
    for journey in THRESHOLDS_S
    for outcome in (GOOD, LATE, FAILED)
}
_TOOK = Timed("http_request_duration_seconds", "How long answers take, by journey", "journey", THRESHOLDS_S)


class Experience:
    """One request of a journey, from now, or from when it is begun again, until `answered`."""

    def __init__(self, journey: str) -> None:
        self._journey = journey
        self._known = False
        self._patience: TimerHandle | None = None
        self.begin()

    def begin(self) -> None:
        """Users wait from now on, and no longer from before."""
        self._began = perf_counter()
        self._end_patience()
        self._patience = get_running_loop().call_later(THRESHOLDS_S[self._journey], self._lost)

    def answered(self, *, ok: bool) -> None:
        """Count the request unless it was lost already, and observe how long it took."""
        took_s = perf_counter() - self._began
        _TOOK.observe(self._journey, took_s, ok=ok)
        if not self._known:
            self._end_patience()
            # The loop may have been too busy to notice in time.
            in_time = GOOD if took_s <= THRESHOLDS_S[self._journey] else LATE
            self._count(in_time if ok else FAILED)

    def _end_patience(self) -> None:
        if self._patience:
            self._patience.cancel()

    def _lost(self) -> None:
        self._count(LATE)

    def _count(self, outcome: str) -> None:
        self._known = True
        _SERIES[self._journey, outcome].inc()
