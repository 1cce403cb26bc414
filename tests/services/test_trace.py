"""Trace context."""

from __future__ import annotations

import re

import pytest

from shared import trace

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_callers_trace_is_joined() -> None:
    """A valid traceparent gives its trace id, and the next hop gets it with a new span."""
    trace.begin(f"00-{TRACE}-00f067aa0ba902b7-01")
    assert trace.current() == TRACE
    sent = trace.traceparent()
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", sent)
    assert "00f067aa0ba902b7" not in sent


@pytest.mark.parametrize(
    "header",
    [None, "", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE[:-1]}-00f067aa0ba902b7-01"],
)
def test_without_a_valid_trace_one_begins(header: str | None) -> None:
    """An absent, malformed or all-zero trace is replaced by a new one of 32 hex digits."""
    begun = trace.begin(header)
    assert re.fullmatch(r"[0-9a-f]{32}", begun)
    assert begun not in (TRACE, "0" * 32)
    assert trace.current() == begun


def test_a_span_knows_its_caller() -> None:
    """The caller's span is the parent; each task has a span of its own, and so has each call."""
    trace.begin(f"00-{TRACE}-00f067aa0ba902b7-01")
    assert trace.parent() == "00f067aa0ba902b7"
    assert re.fullmatch(r"[0-9a-f]{16}", trace.span())
    assert trace.traceparent(trace.span()) == f"00-{TRACE}-{trace.span()}-01"
    before = trace.span()
    trace.begin()
    assert (trace.parent(), trace.span() != before) == ("", True)
