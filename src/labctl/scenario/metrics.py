"""Which metrics there are, read from the services' code, and which ones a PromQL query asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from labctl import assets

_MAKERS = {
    "Gauge": ("",),
    "Counter": ("_total", "_created"),
    "Histogram": ("_bucket", "_sum", "_count", "_created"),
    "Timed": ("_bucket", "_sum", "_count", "_created"),
    "Summary": ("_sum", "_count", "_created"),
    "Info": ("_info",),
}
"""What makes a metric in a service, and the names under which Prometheus then knows it."""
_TABLES = {"_GAUGES": "Gauge", "_COUNTERS": "Counter"}
"""Names of metrics that a service keeps as the keys of a table."""
FOREIGN = (
    "pg_",
    "redis_",
    "process_",
    "python_",
    "go_",
    "promhttp_",
    "prometheus_",
    "alertmanager_",
    "scrape_",
)
"""Of exporters and libraries: too many to list, so that only their family is known here."""
_ALWAYS = {"up", "ALERTS", "ALERTS_FOR_STATE"}

_WORDS = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", re.IGNORECASE)
_BRACES = re.compile(r"\{[^{}]*\}")
_RANGES = re.compile(r"\[[^\]]*\]")
_CALL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\s*\(")
_NUMBER = re.compile(r"\b\d[\w.]*(?:e[+-]?\d+)?", re.IGNORECASE)
_KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "atan2", "by", "without", "start", "end"}
_JOB = re.compile(r"""\bjob\s*=\s*["']([^"']*)["']""")


@cache
def exported(folder: Path | None = None) -> frozenset[str]:
    """Every metric of our own services, by its name in Prometheus; by default those of the lab."""
    names = set(_ALWAYS)
    for path in sorted((folder or assets.path("services")).rglob("*.py")):
        names.update(_made(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))))
    return frozenset(names)


def is_known(name: str) -> bool:
    """Whether some component exports it, or may."""
    return name in exported() or name.startswith(FOREIGN) or ":" in name


def asked(query: str) -> list[str]:
    """The metric names in a PromQL query, in order, each once."""
    bare = _TEXT.sub('""', query)
    for part in (_BRACES, _RANGES, _LABELS, _CALL, _NUMBER):
        bare = part.sub(" ( " if part is _CALL else " ", bare)
    words = _WORDS.findall(bare)
    return list(dict.fromkeys(word for word in words if word.lower() not in _KEYWORDS))


def jobs(query: str) -> list[str]:
    """The scrape jobs that a query names exactly."""
    return list(dict.fromkeys(_JOB.findall(query)))


def _made(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            yield from _names(node.func.id, node.args[0])
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            kinds = [
                _TABLES[each.id] for each in node.targets if isinstance(each, ast.Name) and each.id in _TABLES
            ]
            for key in node.value.keys if kinds else ():
                yield from _names(kinds[0], key)


def _names(maker: str, name: ast.expr | None) -> Iterator[str]:
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield from (name.value.removesuffix("_total") + tail for tail in _MAKERS.get(maker, ()))
