"""One line for each call to a dependency."""

from __future__ import annotations

import asyncio
import logging

import pytest

from shared import trace
from shared.calls import call


def told(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    (record,) = caplog.records
    fields: dict[str, object] = vars(record)["fields"]
    return fields


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_call_is_told_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Whom, what, how long, as part of which span, and what its maker tells of it."""
    trace.begin()
    with call("bank", "POST /charges") as made:
        made.tell(status=201)
        assert caplog.records == []
    fields = told(caplog)
    assert (fields["dependency"], fields["what"], fields["status"]) == ("bank", "POST /charges", 201)
    assert (fields["span"], fields["parent"]) == (made.span, trace.span())
    assert isinstance(fields["ms"], float)


def test_statements_are_counted_not_told_one_by_one(caplog: pytest.LogCaptureFixture) -> None:
    """A hundred queries are one line, with their number and time."""
    trace.begin()
    with call("postgres", "connection") as made:
        for _ in range(100):
            made.statement(0.002)
    assert (told(caplog)["statements"], told(caplog)["sql_ms"]) == (100, 200.0)


def test_a_call_that_the_caller_gives_up_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The user has gone; the call says so."""
    trace.begin()
    with pytest.raises(asyncio.CancelledError), call("bank", "x"):
        raise asyncio.CancelledError
    assert told(caplog)["error"] == "given up by the caller"


def test_work_without_a_trace_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """What a service does by itself belongs to no request."""

    async def alone() -> None:
        trace._current.set("")  # noqa: SLF001 (a task that nobody began a trace in)
        with call("postgres", "connection"):
            pass

    asyncio.run(alone())
    assert caplog.records == []
