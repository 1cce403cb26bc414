"""Log lines."""

from __future__ import annotations

import json
import logging

from shared import trace
from shared.logs import JsonLines


def formatted(message: str, **fields: object) -> dict[str, object]:
    record = logging.LogRecord("x", logging.WARNING, "", 0, message, None, None)
    record.fields = fields
    line = JsonLines().format(record)
    assert "\n" not in line
    plain: dict[str, object] = json.loads(line)
    return plain


def test_a_line_is_one_json_object_with_the_trace() -> None:
    """Every line says when, who, which trace and what, and carries its own fields."""
    begun = trace.begin()
    line = formatted("slow\nanswer", ms=12.5)
    assert line["trace"] == begun
    assert line["msg"] == "slow\nanswer"
    assert (line["level"], line["ms"]) == ("warning", 12.5)
    assert {"ts", "service", "replica", "release"} <= line.keys()


def test_what_json_cannot_hold_becomes_text() -> None:
    """A field of any type makes a line, never an error."""
    assert formatted("x", why=ValueError("no"))["why"] == "no"
