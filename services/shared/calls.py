"""Calls to dependencies as log lines: one each, when it ends, so that a request can be followed."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from shared import trace
from shared.logs import Log

_LOG = Log("call")


class Call:
    """One call under way; whoever makes it tells how it went."""

    def __init__(self) -> None:
        self.span = trace.new_span()
        self.told: dict[str, object] = {}
        self._began = perf_counter()
        self._statements, self._sql_s = 0, 0.0

    @property
    def ms(self) -> float:
        """How long it has taken so far."""
        return _ms(perf_counter() - self._began)

    def tell(self, **fields: object) -> None:
        """More fields of its line."""
        self.told |= fields

    def statement(self, seconds: float) -> None:
        """One more statement was answered."""
        self._statements += 1
        self._sql_s += seconds
        self.tell(statements=self._statements, sql_ms=_ms(self._sql_s))


@contextmanager
def call(dependency: str, what: str) -> Iterator[Call]:
    """Time the block and log it as part of this task's span; without a trace nothing is logged."""
    made = Call()
    try:
        yield made
    except CancelledError:
        made.tell(error="given up by the caller")
        raise
    finally:
        if trace.current():
            told = {"dependency": dependency, "what": what, **made.told}
            _LOG.info("call", span=made.span, parent=trace.span(), **told, ms=made.ms)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
