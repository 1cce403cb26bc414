"""Logs: merged in time, filtered, parsed."""

from __future__ import annotations

import itertools
import json

import pytest
from tests.lab.double import DoubleRuntime

from labctl.desk.logs import follow, logs
from labctl.errors import UsageError
from labctl.lab.lab import Lab

A, B = "aa" * 16, "bb" * 16


def say(runtime: DoubleRuntime, replica: str, after_s: float, text: str) -> None:
    runtime.clock.sleep(after_s)
    runtime.say(replica, text)


def entry(msg: str, trace: str = A, **fields: object) -> str:
    return json.dumps({"ts": "…", "level": "info", "service": "x", "msg": msg, "trace": trace, **fields})


@pytest.fixture(autouse=True)
def _lines(runtime: DoubleRuntime) -> None:
    say(runtime, "checkout-1", 1, entry("request", route="checkout", ms=3100))
    say(runtime, "edge-1", 1, entry("request", status=503))
    say(runtime, "postgres-1", 1, "LOG:  database system is ready")
    say(runtime, "checkout-1", 1, entry("pool timeout", trace=B))


def test_lines_of_several_components_come_in_the_order_of_time(lab: Lab) -> None:
    """By default those of the shop's services, and not of its stores."""
    assert [(row.component, row.msg) for row in logs(lab)] == [
        ("checkout", "request"),
        ("edge", "request"),
        ("checkout", "pool timeout"),
    ]


def test_a_json_line_is_taken_apart_and_another_is_left_as_it_is(lab: Lab) -> None:
    """What every line has has a name; the rest are fields."""
    ours, theirs = next(logs(lab, ["checkout"])), next(logs(lab, ["postgres"]))
    assert (ours.level, ours.trace, ours.replica, ours.fields) == (
        "info",
        A,
        "checkout-1",
        {"route": "checkout", "ms": 3100},
    )
    assert (theirs.msg, theirs.level, theirs.trace) == ("LOG:  database system is ready", "", None)


def test_a_trace_is_followed_across_services(lab: Lab) -> None:
    """Its beginning is enough."""
    assert [row.component for row in logs(lab, trace="AAAA")] == ["checkout", "edge"]


def test_a_pattern_is_looked_for_in_the_whole_line(lab: Lab) -> None:
    """Fields included; a pattern that makes no sense is a mistake."""
    assert [row.component for row in logs(lab, grep=r"status.: 50\d")] == ["edge"]
    with pytest.raises(UsageError, match="no regular expression"):
        logs(lab, grep="(")


def test_since_is_a_time(lab: Lab) -> None:
    """Earlier lines are left out."""
    assert len([*logs(lab, since_wall_s=lab.clock.wall() - 2)]) == 2


def test_an_unknown_component_is_a_mistake(lab: Lab) -> None:
    """With the nearest."""
    with pytest.raises(UsageError, match="chekout"):
        [*logs(lab, ["chekout"])]


def test_following_brings_each_line_once(lab: Lab, runtime: DoubleRuntime) -> None:
    """Those that come at the moment of the last look as well."""
    coming = iter([["one"], ["two", "three"], []])

    def tick(_: float) -> None:
        for text in next(coming, ["four"]):
            runtime.say("edge-1", text)

    clock = runtime.clock
    clock.on_tick = tick  # type: ignore[attr-defined]
    rows = itertools.islice(follow(lab, ["edge"]), 5)
    assert [row.msg for row in rows] == ["request", "one", "two", "three", "four"]


def test_followed_lines_of_the_same_moment_are_not_lost(lab: Lab, runtime: DoubleRuntime) -> None:
    """Two replicas that say the same at the same time are two lines."""
    runtime.say("edge-2", entry("twin"))
    runtime.say("edge-3", entry("twin"))
    rows = itertools.islice(follow(lab, ["edge"], grep="twin"), 2)
    assert [row.replica for row in rows] == ["edge-2", "edge-3"]
