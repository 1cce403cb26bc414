"""What Prometheus itself makes of our rules: `promtool test rules` on series that we compose."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labctl.slo import rules
from labctl.slo.openslo import Objective, objectives

CHECKOUT: Objective = next(each for each in objectives() if each.journey == "checkout")


@dataclass(frozen=True)
class Traffic:
    """Requests for `for_s` seconds at `rate` per second, of which these shares fail or come late."""

    for_s: int
    failed: float = 0.0
    late: float = 0.0
    rate: int = 100


def edge_series(
    *phases: Traffic, instance: str = "edge-1", from_s: int = 0, journey: str = "checkout"
) -> dict[str, str]:
    """The edge's counters through these phases, created at 0 at second `from_s`, in promtool's notation."""
    shares = {
        "good": [1 - phase.failed - phase.late for phase in phases],
        "late": [phase.late for phase in phases],
        "failed": [phase.failed for phase in phases],
    }
    labels = f'job="edge",journey="{journey}",instance="{instance}"'
    return {
        f'journey_requests_total{{outcome="{name}",{labels}}}': _counter(phases, of, from_s)
        for name, of in shares.items()
    }


def _counter(phases: Sequence[Traffic], shares: list[float], from_s: int) -> str:
    """`0 0+50x9 …`: a sample each second, the first of them 0."""
    value, parts = 0.0, [f"_x{from_s}"] * bool(from_s) + ["0"]
    for phase, share in zip(phases, shares, strict=True):
        step = round(phase.rate * share, 6)
        parts.append(f"{value + step:g}+{step:g}x{phase.for_s - 1}")
        value += step * phase.for_s
    return " ".join(parts)


def firing(
    folder: Path,
    series: dict[str, str],
    expected: dict[int, set[str]],
    where: str = "",
    objective: Objective = CHECKOUT,
) -> None:
    """Assert which alerts fire at given seconds: the `window` label, or else the name, of each.

    `where` narrows the alerts that are looked at: PromQL matchers on ALERTS.
    """
    alerts = f'ALERTS{{alertstate="firing"{"," if where else ""}{where}}}'
    shown = f'label_replace({alerts}, "window", "$1", "alertname", "(.*Down)")'
    checks: list[dict[str, object]] = [
        {
            "expr": f"count by (window) ({shown})",
            "eval_time": f"{second}s",
            "exp_samples": [{"labels": f'{{window="{each}"}}', "value": 1} for each in sorted(alerts_then)],
        }
        for second, alerts_then in expected.items()
    ]
    run(folder, series, checks, objective)


def run(
    folder: Path, series: dict[str, str], checks: list[dict[str, object]], objective: Objective = CHECKOUT
) -> None:
    """Run promtool on our rules for one objective with these series and PromQL checks."""
    (folder / "rules.yml").write_text(rules.render([objective], ["edge", "catalog"]))
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1s",
        "tests": [
            {
                "interval": "1s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": checks,
            }
        ],
    }
    (folder / "test.yml").write_text(json.dumps(test))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
