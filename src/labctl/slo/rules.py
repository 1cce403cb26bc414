"""The Prometheus rules that watch the SLOs, generated from the same files that the judge reads.

Per journey and window, `journey:slo_errors:ratio_rate60s{journey}` is the share of requests that were
not good, from counters (never `histogram_quantile`, which interpolates). Without requests there is
no sample instead of a NaN. Burn-rate alerts are measured at the edge, which cannot count what never
reaches it: `up` and `absent` watch for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from labctl.slo.burn import POLICY, BurnAlert, Severity
from labctl.slo.openslo import Objective

Rule = dict[str, Any]
EDGE = "edge"
GROUP_S = {Severity.PAGE: 1, Severity.TICKET: 5}
"""How often the rules of each severity are evaluated; no ticket is in a hurry."""
DOWN_S, REPLICA_DOWN_S = 10, 15


def render(objectives: Iterable[Objective], jobs: Iterable[str]) -> str:
    """A rule file for these objectives, and for these components' targets; JSON, which is YAML."""
    groups = []
    for objective in objectives:
        for severity in Severity:
            alerts = [alert for alert in POLICY if alert.severity is severity]
            groups.append(
                {
                    "name": f"{objective.journey} {severity}s",
                    "interval": f"{GROUP_S[severity]}s",
                    "rules": [
                        *(_ratio(objective, window) for alert in alerts for window in _windows(alert)),
                        *(_alert(objective, alert) for alert in alerts),
                    ],
                }
            )
    groups.append({"name": "targets", "interval": "1s", "rules": [*_targets(sorted(jobs))]})
    return json.dumps({"groups": groups}, indent=1, ensure_ascii=False) + "\n"


def ratio_name(window_s: float) -> str:
    """The recorded share of bad requests over a window: `journey:slo_errors:ratio_rate60s`."""
    return f"journey:slo_errors:ratio_rate{window_s:g}s"


def window_label(alert: BurnAlert) -> str:
    """The `window` label of an alert: `60s/5s`."""
    return f"{alert.long_s:g}s/{alert.short_s:g}s"


def _windows(alert: BurnAlert) -> tuple[float, float]:
    return alert.long_s, alert.short_s


def _ratio(objective: Objective, window_s: float) -> Rule:
    good, total = (f"sum(rate({counter}[{window_s:g}s]))" for counter in (objective.good, objective.total))
    return {
        "record": ratio_name(window_s),
        "expr": f"1 - {good} / ({total} > 0)",
        "labels": {"journey": objective.journey},
    }


def _alert(objective: Objective, alert: BurnAlert) -> Rule:
    threshold = f"{alert.burn:g} * (1 - {objective.target:g})"
    windows = [f'{ratio_name(each)}{{journey="{objective.journey}"}}' for each in _windows(alert)]
    allowed = f"{100 * (1 - objective.target):.3g} %"
    return {
        "alert": objective.alert,
        "expr": " and ".join(f"{window} > {threshold}" for window in windows),
        "labels": {
            "severity": alert.severity.value,
            "journey": objective.journey,
            "window": window_label(alert),
        },
        "annotations": {
            "summary": f"{objective.title}: {{{{ $value | humanizePercentage }}}} of requests are not good"
            f" ({allowed} may be)",
            "description": f"{objective.promise} For {alert.long_s:g} s and for {alert.short_s:g} s the"
            f" error budget has burnt more than {alert.burn:g} times too fast.",
            "runbook": _runbook(objective.alert),
        },
    }


def _runbook(alert: str) -> str:
    """Names the alert's page in `runbooks/`; a test wants one for each."""
    return f"labctl runbook {alert}"


def _targets(jobs: list[str]) -> Iterable[Rule]:
    """A dead edge pages, since then nobody counts failures; any other lost target is a ticket.

    Prometheus takes up to 6 s (measured; two tickers of 5 s) to see a new replica in place of an old
    one, which must not look like an outage.
    """
    for job in jobs:
        severity = Severity.PAGE if job == EDGE else Severity.TICKET
        name = "".join(word.capitalize() for word in job.split("-")) + "Down"
        yield {
            "alert": name,
            "expr": f'absent(up{{job="{job}"}}) or max by (job) (up{{job="{job}"}}) == 0',
            "for": f"{DOWN_S}s",
            "labels": {"severity": severity.value, "job": job},
            "annotations": {
                "summary": f"No replica of {job} answers Prometheus",
                "description": f"For {DOWN_S} s every replica of {job} was down, or there was none.",
                "runbook": _runbook(name),
            },
        }
    yield {
        "alert": "ReplicaDown",
        "expr": "up == 0",
        "for": f"{REPLICA_DOWN_S}s",
        "labels": {"severity": Severity.TICKET.value},
        "annotations": {
            "summary": "{{ $labels.instance }} does not answer Prometheus",
            "description": f"For {REPLICA_DOWN_S} s this replica was down; others like it may serve.",
            "runbook": _runbook("ReplicaDown"),
        },
    }
