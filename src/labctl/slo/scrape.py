"""What Prometheus scrapes and where Alertmanager sends, as the text of their configuration files.

A target's `job` is its component and, where targets come from a file, its `instance` is the replica.
Only components with `x-lab.metrics` are scraped, so never the load: it is the judge's witness.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from labctl.stack.compose import Component, Stack

COMPONENT = "__component"
"""The label by which targets.json tells a scrape job its own targets; Prometheus drops it itself."""


def prometheus_yml(
    stack: Stack,
    *,
    discovery: Literal["file", "dns"],
    folder: str = "/settings/prometheus",
    alertmanager: str = "alertmanager:9093",
) -> str:
    """Prometheus' configuration; `folder` is where it finds `rules.yml` and, for "file", `targets.json`."""
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{folder}/rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {
                "job_name": component.name,
                "metrics_path": component.metrics,
                **(_from_file(component, folder) if discovery == "file" else _from_dns(component)),
            }
            for component in scraped(stack)
        ],
    }
    return _text(config)


def scraped(stack: Stack) -> list[Component]:
    """The components that Prometheus scrapes; their names are its jobs."""
    return [component for component in stack.components.values() if component.metrics]


def targets(replicas: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    """`targets.json` from each component's (replica, "host:port"); components without metrics do no harm."""
    return _text(
        [
            {"targets": [address], "labels": {COMPONENT: component, "instance": replica}}
            for component, members in sorted(replicas.items())
            for replica, address in members
        ]
    )


def alertmanager_yml() -> str:
    """Alertmanager's configuration: alerts are there to be seen at once, and are sent nowhere.

    All alerts of a journey are one notification; its page silences its tickets.
    """
    return _text(
        {
            "route": {
                "receiver": "learner",
                "group_by": ["alertname", "journey"],
                "group_wait": "0s",
                "group_interval": "1s",
                "repeat_interval": "1h",
            },
            "inhibit_rules": [
                {
                    "source_matchers": ['severity="page"', 'journey!=""'],
                    "target_matchers": ['severity="ticket"'],
                    "equal": ["journey"],
                }
            ],
            "receivers": [{"name": "learner"}],
        }
    )


def _from_file(component: Component, folder: str) -> dict[str, Any]:
    return {
        "file_sd_configs": [{"files": [f"{folder}/targets.json"], "refresh_interval": "5s"}],
        "relabel_configs": [{"source_labels": [COMPONENT], "regex": component.name, "action": "keep"}],
    }


def _from_dns(component: Component) -> dict[str, Any]:
    lookup = {"names": [component.name], "type": "A", "port": component.port, "refresh_interval": "1s"}
    return {"dns_sd_configs": [lookup]}


def _text(plain: object) -> str:
    """JSON, which is YAML that nobody misreads."""
    return json.dumps(plain, indent=1) + "\n"
