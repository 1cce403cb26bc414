"""Grafana's dashboard: every query on it is one that Prometheus can answer."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from labctl import assets
from labctl.slo.burn import POLICY
from labctl.slo.rules import ratio_name
from labctl.stack.strict_yaml import read

DASHBOARD: dict[str, Any] = json.loads(assets.path("grafana", "dashboards", "shop.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = [each for each in DASHBOARD["panels"] if each["type"] != "row"]
QUERIES: list[str] = [target["expr"] for panel in PANELS for target in panel["targets"]]
WORDS = {"sum", "max", "by", "rate", "vector", "histogram_quantile", "ALERTS"}
"""What is in a query and is no metric of a service."""


def metrics(query: str) -> set[str]:
    """The metric names in a query."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)", " ", query)
    return set(re.findall(r"[a-zA-Z_][\w:]*", bare)) - WORDS


@pytest.mark.integration
def test_every_query_is_promql(tmp_path: Path) -> None:
    """promtool parses each one as a recording rule."""
    checked = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": checked}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", "rules.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_is_one_that_something_exports() -> None:
    """Names of our own are in the services' code, and the rules record the ratios; a rename shows here."""
    source = "".join(path.read_text("utf-8") for path in assets.path("services").rglob("*.py"))
    recorded = {ratio_name(window) for alert in POLICY for window in (alert.long_s, alert.short_s)}
    for name in {name for query in QUERIES for name in metrics(query)} - recorded:
        base = re.sub(r"_(total|bucket|sum|count)$", "", name)
        bought = name.startswith(("pg_", "redis_"))
        assert bought or f'"{name}"' in source or f'"{base}"' in source, name


def test_every_panel_says_what_it_shows() -> None:
    """A title of its own, a description, a unit, and the datasource that the reader chose."""
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for panel in PANELS:
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        chosen = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {each["uid"] for each in chosen} == {"${datasource}"}
    assert [each["type"] for each in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_panels_do_not_overlap() -> None:
    """Each place on the grid belongs to one panel."""
    taken = [
        (x, y)
        for box in (each["gridPos"] for each in DASHBOARD["panels"])
        for x in range(box["x"], box["x"] + box["w"])
        for y in range(box["y"], box["y"] + box["h"])
    ]
    assert len(taken) == len(set(taken))


def test_provisioning_is_strict_yaml_and_points_at_prometheus() -> None:
    """Grafana finds the shop's Prometheus and the folder of the dashboard."""
    source = read(assets.path("grafana", "provisioning", "datasources", "prometheus.yaml")).data
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    providers = read(assets.path("grafana", "provisioning", "dashboards", "shop.yaml")).data["providers"]
    assert providers[0]["options"] == {"path": "/etc/grafana/dashboards"}
