"""The generated Prometheus rules: their shape, and what Prometheus makes of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.slo.promtool import CHECKOUT, Traffic, edge_series, firing, run

from labctl.slo import rules
from labctl.slo.burn import POLICY, BurnAlert
from labctl.slo.openslo import objectives

FAST, SLOW, TICKET = POLICY
BURN = 'alertname="CheckoutBudgetBurn"'
UP = {'up{job="edge",instance="edge-1"}': "1x900", 'up{job="catalog",instance="catalog-1"}': "1x900"}


def alerts() -> list[dict[str, Any]]:
    groups = json.loads(rules.render(objectives(), ["edge", "catalog"]))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_each_journey_has_two_pages_and_a_ticket() -> None:
    """Alerts carry severity, journey and window; the name is the journey's."""
    for objective in objectives():
        mine = [each["labels"] for each in alerts() if each["alert"] == objective.alert]
        assert [(each["severity"], each["window"]) for each in mine] == [
            ("page", "60s/5s"),
            ("page", "360s/30s"),
            ("ticket", "1440s/120s"),
        ]
        assert {each["journey"] for each in mine} == {objective.journey}


def test_each_alert_says_what_it_means_and_what_to_do() -> None:
    """Summary, description and runbook are there; no alert of another component than the edge pages."""
    for alert in alerts():
        assert set(alert["annotations"]) == {"summary", "description", "runbook"}
        assert "labctl" in alert["annotations"]["runbook"]
    targets = {
        each["alert"]: each["labels"]["severity"] for each in alerts() if "journey" not in each["labels"]
    }
    assert targets == {"EdgeDown": "page", "CatalogDown": "ticket", "ReplicaDown": "ticket"}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("alert", "failed", "healthy_s"),
    [
        (FAST, 1.0, 400),
        (FAST, 0.3, 400),
        (FAST, 0.2, 400),
        (FAST, 0.3, 20),
        (SLOW, 1.0, 400),
        (SLOW, 0.2, 60),
        (SLOW, 0.07, 400),
        (TICKET, 0.2, 60),
    ],
)
def test_prometheus_fires_when_theory_says(
    tmp_path: Path, alert: BurnAlert, failed: float, healthy_s: int
) -> None:
    """The alert is silent up to the theoretical second and fires in the next, young windows included."""
    theory = alert.detection_s(CHECKOUT.target, failed, healthy_s)
    assert theory is not None
    second = healthy_s + math.floor(theory)
    window = rules.window_label(alert)
    series = edge_series(Traffic(healthy_s), Traffic(math.ceil(theory) + 5, failed=failed))
    firing(tmp_path, series, {second: set(), second + 1: {window}}, f'{BURN},window="{window}"')


@pytest.mark.integration
def test_full_failure_pages_in_nine_seconds_and_a_fifth_in_44(tmp_path: Path) -> None:
    """The numbers of the policy, as seconds on a clock, after a full window of good requests."""
    where = f'{BURN},window="60s/5s"'
    firing(tmp_path, edge_series(Traffic(400), Traffic(50, 1.0)), {408: set(), 409: {"60s/5s"}}, where)
    firing(tmp_path, edge_series(Traffic(400), Traffic(50, 0.2)), {443: set(), 444: {"60s/5s"}}, where)


@pytest.mark.integration
@pytest.mark.parametrize(("failed", "silent"), [(0.07, 'window="60s/5s"'), (0.05, 'severity="page"')])
def test_a_slow_burn_never_pages_fast(tmp_path: Path, failed: float, silent: str) -> None:
    """7 % never fires the fast page and 5 % fires none, however long it lasts."""
    series = edge_series(Traffic(400), Traffic(420, failed))
    firing(tmp_path, series, {second: set() for second in (410, 500, 819)}, f"{BURN},{silent}")


@pytest.mark.integration
@pytest.mark.parametrize("failed", [0.2, 0.5, 1.0])
def test_the_fast_page_clears_within_five_seconds(tmp_path: Path, failed: float) -> None:
    """It fires until the short window burns no more, and not a second longer."""
    clear = math.floor(FAST.clear_s(CHECKOUT.target, failed))
    series = edge_series(Traffic(100), Traffic(60, failed), Traffic(20))
    expected = {160 + clear: {"60s/5s"}, 160 + clear + 1: set[str]()}
    firing(tmp_path, series, expected, f'{BURN},window="60s/5s"')


@pytest.mark.integration
def test_late_answers_burn_like_failed_ones(tmp_path: Path) -> None:
    """A right answer over the threshold is not good."""
    series = edge_series(Traffic(400), Traffic(20, late=1.0))
    firing(tmp_path, series, {408: set(), 409: {"60s/5s"}}, f'{BURN},window="60s/5s"')


@pytest.mark.integration
def test_no_traffic_is_no_alert_and_no_ratio(tmp_path: Path) -> None:
    """Without requests there is neither a page nor a NaN, also after errors."""
    series = edge_series(Traffic(60, rate=0)) | UP
    firing(tmp_path, series, {30: set(), 60: set()})
    nothing: dict[str, object] = {"expr": "ALERTS or journey:slo_errors:ratio_rate5s", "eval_time": "60s"}
    run(tmp_path, series, [{**nothing, "exp_samples": []}])
    quiet = edge_series(Traffic(60), Traffic(10, failed=1.0), Traffic(60, rate=0)) | UP
    firing(tmp_path, quiet, {130: set()}, 'window="60s/5s"')


@pytest.mark.integration
def test_the_first_requests_ever_may_fail(tmp_path: Path) -> None:
    """Counters are created at 0, so that errors before any success are seen."""
    series = edge_series(Traffic(30, rate=0), Traffic(10, failed=1.0))
    firing(tmp_path, series, {30: set(), 32: {"60s/5s", "360s/30s"}}, f'{BURN},severity="page"')


@pytest.mark.integration
def test_a_new_replica_in_place_of_an_old_one_is_no_error(tmp_path: Path) -> None:
    """Counters that begin again at 0 under another name do not look like failed requests."""
    series = edge_series(Traffic(100)) | edge_series(Traffic(100), instance="edge-2", from_s=98)
    firing(tmp_path, series, {second: set() for second in range(98, 125)}, BURN)


@pytest.mark.integration
def test_failures_of_one_replica_are_diluted_by_the_others(tmp_path: Path) -> None:
    """A ratio is over the requests of all replicas: one of ten failing is 10 %, not 100 %."""
    series = edge_series(Traffic(400, rate=90)) | edge_series(
        Traffic(340, rate=10), Traffic(60, 1.0, rate=10), instance="edge-2"
    )
    firing(tmp_path, series, {400: set()}, f'{BURN},window="60s/5s"')


@pytest.mark.integration
def test_a_dead_edge_pages_and_any_other_is_a_ticket(tmp_path: Path) -> None:
    """Down or gone for 10 s; with one replica left only that replica is reported, after 15 s."""
    down = {**UP, 'up{job="edge",instance="edge-1"}': "1x9 0x30"}
    firing(tmp_path, down, {19: set(), 20: {"EdgeDown"}}, 'severity="page"')
    gone = {'up{job="catalog",instance="catalog-1"}': "1x20 stale"}
    firing(tmp_path, gone, {9: set(), 10: {"EdgeDown"}}, 'severity="page"')
    firing(tmp_path, gone, {30: set(), 31: {"CatalogDown"}}, 'severity="ticket"')
    half = {**UP, 'up{job="edge",instance="edge-2"}': "0x30"}
    firing(tmp_path, half, {14: set(), 15: {"ReplicaDown"}})
