"""Trace: a request through all services, from what they logged."""

from __future__ import annotations

import json
from functools import partial

import pytest
from tests.lab.double import DoubleRuntime

from labctl.desk.logs import logs
from labctl.desk.trace import Trace, failing, trace
from labctl.errors import UsageError
from labctl.lab.lab import Lab

ID = "4bf92f35" + "0" * 24
OTHER = "4bf92f99" + "0" * 24


def say(runtime: DoubleRuntime, replica: str, msg: str, *, level: str = "info", **fields: object) -> None:
    line = {"level": level, "trace": ID, "msg": msg, **fields}
    runtime.say(replica, json.dumps(line))


@pytest.fixture
def bad_checkout(runtime: DoubleRuntime) -> None:
    """The lines of a checkout that found no connection, in the order in which they are written: by end."""
    clock = runtime.clock
    clock.sleep(3.0)
    say(runtime, "checkout-1", "no connection from the pool", level="error", span="c1", waited_s=3)
    say(
        *(runtime, "checkout-1", "call"),
        span="p1",
        parent="c1",
        dependency="postgres",
        what="connection",
        waited_ms=3000.0,
        error="no connection from the pool",
        ms=3000.0,
    )
    clock.sleep(0.01)
    request = partial(say, runtime, method="POST", status=503)
    request("checkout-1", "request", span="c1", parent="e2", ms=3005.0, path="/checkout")
    say(
        *(runtime, "edge-1", "call"),
        span="e2",
        parent="e1",
        dependency="checkout",
        what="POST /checkout",
        status=503,
        ms=3008.0,
    )
    request("edge-1", "request", span="e1", parent="", ms=3010.0, path="/api/checkout")


@pytest.fixture
def found(lab: Lab, bad_checkout: None) -> Trace:
    return trace(lab, "4BF92f35")


def test_spans_stand_below_their_callers(found: Trace) -> None:
    """Across services, each with when it began after the first and how long it took."""
    assert [(span.depth, span.replica, span.what) for span in found.spans] == [
        (0, "edge-1", "POST /api/checkout"),
        (1, "edge-1", "→ checkout POST /checkout"),
        (2, "checkout-1", "POST /checkout"),
        (3, "checkout-1", "→ postgres connection"),
    ]
    assert (found.id, found.ms) == (ID, 3010.0)
    assert [span.offset_ms for span in found.spans] == pytest.approx([0, 2, 5, 0], abs=0.5)


def test_a_span_says_how_it_ended_and_where_its_time_went(found: Trace) -> None:
    """Status, error, time waited; lines of trouble stay with the span that they were logged in."""
    assert [span.failed for span in found.spans] == [True, True, True, True]
    assert found.spans[3].result == "no connection from the pool, waited 3000"
    assert [said.text for said in found.spans[2].said] == ["no connection from the pool waited_s=3"]
    assert found.loose == ()


@pytest.mark.usefixtures("bad_checkout")
def test_a_service_that_left_no_line_does_not_hide_the_rest(lab: Lab, runtime: DoubleRuntime) -> None:
    """What a lost or unfinished caller called stands at the root, in order of time."""
    say(runtime, "worker-1", "order fulfilled", span="w1", parent="gone", ms=5.0)
    roots = [span.what for span in trace(lab, ID).spans if span.depth == 0]
    assert roots == ["POST /api/checkout", "order fulfilled"]


@pytest.mark.usefixtures("bad_checkout")
def test_no_trace_or_several_say_what_to_type(lab: Lab, runtime: DoubleRuntime) -> None:
    """A prefix that fits nothing, and one that is too short."""
    runtime.say("edge-1", json.dumps({"trace": OTHER, "msg": "request", "span": "x", "ms": 1}))
    with pytest.raises(UsageError, match="no service logged") as none:
        trace(lab, "ffff")
    assert "labctl logs" in str(none.value.hint)
    with pytest.raises(UsageError, match="2 traces") as several:
        trace(lab, "4bf9")
    assert several.value.hint == "labctl trace 4bf92f35"


@pytest.mark.usefixtures("bad_checkout")
def test_the_newest_with_trouble_comes_first(lab: Lab, runtime: DoubleRuntime) -> None:
    """An error or a second; a quick and good one is no trouble."""
    runtime.clock.sleep(1)
    runtime.say("edge-1", json.dumps({"level": "info", "trace": OTHER, "msg": "request", "ms": 12}))
    assert failing(logs(lab)) == [ID]
