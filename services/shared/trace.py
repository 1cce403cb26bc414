"""W3C trace context: one 32-hex trace id from the edge through every call, event and log line.

A span is one piece of work: a request served, or a call made for it. Each is told by one log line, when
it ends, with how long it took and the span that it is part of.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_NONE = "0" * 32
_current: ContextVar[str] = ContextVar("trace", default="")
_span: ContextVar[str] = ContextVar("span", default="")
_parent: ContextVar[str] = ContextVar("parent", default="")


def parse(header: str | None) -> str | None:
    """The trace id of a `traceparent` header; None when it is absent or malformed."""
    match = _TRACEPARENT.fullmatch(header) if header else None
    return match[1] if match and match[1] != _NONE else None


def begin(header: str | None = None) -> str:
    """Join the caller's trace in a span of one's own, or begin a new one, for the rest of this task."""
    trace = parse(header)
    _parent.set(header.split("-")[2] if trace and header else "")
    _current.set(trace or secrets.token_hex(16))
    _span.set(new_span())
    return _current.get()


def current() -> str:
    """The trace of this task; empty outside of one."""
    return _current.get()


def span() -> str:
    """The span of this task; empty outside of one."""
    return _span.get()


def parent() -> str:
    """The caller's span; empty where the trace began."""
    return _parent.get()


def new_span() -> str:
    return secrets.token_hex(8)


def traceparent(span: str | None = None) -> str:
    """The header for the next hop: this trace, in a span of its own unless one is given."""
    return f"00-{_current.get() or secrets.token_hex(16)}-{span or new_span()}-01"
