"""Metrics that several services share, and the page that shows them.

Every counter and every labelled series exists from the start at 0: the first error must be visible
to `rate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

OUTCOMES = ("ok", "error")
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)


class Timed:
    """A latency histogram over one label and its outcome, in seconds."""

    def __init__(self, name: str, about: str, label: str, known: Iterable[str] = ()) -> None:
        self._histogram = Histogram(name, about, (label, "outcome"), buckets=LATENCY_BUCKETS_S)
        self._series: dict[tuple[str, str], Histogram] = {}
        for value in known:
            self.declare(value)

    def declare(self, value: str) -> None:
        """Make the series of one label value exist at 0."""
        for outcome in OUTCOMES:
            self._series[value, outcome] = self._histogram.labels(value, outcome)

    def observe(self, value: str, seconds: float, *, ok: bool) -> None:
        series = self._series.get((value, "ok" if ok else "error"))
        if series is None:
            self.declare(value)
            series = self._series[value, "ok" if ok else "error"]
        series.observe(seconds)

    @contextmanager
    def time(self, value: str) -> Iterator[None]:
        """Observe the block; an exception makes its outcome an error."""
        began = perf_counter()
        ok = False
        try:
            yield
            ok = True
        finally:
            self.observe(value, perf_counter() - began, ok=ok)


REQUESTS = Timed("request_duration_seconds", "Requests served, by route", "route")
IN_FLIGHT = Gauge("requests_in_flight", "Requests being served")


async def page(_: Request) -> Response:
    """`GET /metrics`."""
    return Response(generate_latest(REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST})
