"""Query: what Prometheus says, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labctl.lab.reach import Sample, Series

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_POINTS = 60
_SCRAPE_S = 1.0


def instant(lab: Lab, expression: str) -> list[Sample]:
    """The value of each series now, the largest first."""
    rows = lab.prometheus.query(expression)
    return sorted(rows, key=lambda row: (-row.value, title(row.labels)))


def over(lab: Lab, expression: str, *, last_s: float, step_s: float | None = None) -> list[Series]:
    """Each series over the last seconds; about 60 points unless a step is given."""
    now = lab.clock.wall()
    step = step_s or max(_SCRAPE_S, last_s / _POINTS)
    rows = lab.prometheus.query_range(expression, start_s=now - last_s, end_s=now, step_s=step)
    return sorted(rows, key=lambda row: title(row.labels))


def title(labels: Mapping[str, str]) -> str:
    """A series as Prometheus writes it: `name{label="value"}`."""
    pairs = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    name = labels.get("__name__", "")
    return f"{name}{{{pairs}}}" if pairs else name or "{}"
