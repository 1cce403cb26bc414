"""Metric names: which there are, read from the services, and which a query asks for."""

from __future__ import annotations

import pytest

from labctl.scenario import catalog
from labctl.scenario.metrics import asked, exported, is_known, jobs


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('sum(up{job="checkout"})', ["up"]),
        ("max(db_pool_max)", ["db_pool_max"]),
        ("sum by (journey, outcome) (rate(a_total[10s]))", ["a_total"]),
        ("sum(rate(a_total[10s])) without (instance)", ["a_total"]),
        ("a * on (job) group_left (team) b", ["a", "b"]),
        ('a{x="sum by (y) c", z=~"d|e"} / b offset 5m', ["a", "b"]),
        ("histogram_quantile(0.99, sum(rate(a_bucket[5m])) by (le))", ["a_bucket"]),
        ("a > bool 1e3 and b unless c", ["a", "b", "c"]),
        ("job:errors:rate5m", ["job:errors:rate5m"]),
        ('label_replace(a, "x", "$1", "y", "(.*)")', ["a"]),
        ("time() - a", ["a"]),
        ("1 + 2", []),
        ("", []),
    ],
)
def test_the_names_in_a_query(query: str, names: list[str]) -> None:
    """Neither functions, labels, text nor numbers are metrics."""
    assert asked(query) == names


def test_the_services_metrics_are_found_in_their_code() -> None:
    """Gauges as they are called; counters, histograms and tables of names as Prometheus calls them."""
    names = exported()
    for name in (
        "requests_in_flight",  # a gauge
        "dependency_failures_total",  # a counter
        "db_query_duration_seconds_bucket",  # a histogram of a class of our own
        "db_pool_requests_waiting",  # a row of a table
        "db_pool_timeouts_total",
        "up",
    ):
        assert name in names
    assert "db_pool_timeouts" not in names


def test_exporters_metrics_are_known_by_their_family() -> None:
    """There are too many to list; a slip in one of ours is caught all the same."""
    assert is_known("pg_stat_activity_count")
    assert not is_known("db_pool_wating")


def test_every_query_of_the_lab_asks_for_metrics_that_there_are() -> None:
    """What ships is right."""
    queries = [each.query for scenario in catalog.all(environment={}) for each in scenario.evidence]
    assert [name for query in queries if query for name in asked(query) if not is_known(name)] == []


def test_the_jobs_in_a_query() -> None:
    """Only those that are named exactly."""
    assert jobs("""up{job="edge"} + up{job='load',x="y"} + up{job=~"e.*"}""") == ["edge", "load"]
