"""Logs: what components wrote, merged in the order of time, filtered, parsed where it is JSON."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labctl.desk.ours import ours
from labctl.errors import UsageError
from labctl.runtimes.base import Line

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

_KNOWN = frozenset({"ts", "level", "service", "replica", "release", "trace", "span", "parent", "msg"})
_LOOK_EVERY_S = 0.3


@dataclass(frozen=True)
class LogRow:
    """One line. A line that is not JSON has only `msg`; `fields` is what remains beside the known ones."""

    wall_s: float
    component: str
    replica: str
    level: str
    msg: str
    trace: str | None
    fields: Mapping[str, Any]
    text: str  # as it was written
    span: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted: those where `grep` (a regular expression) is found and of this trace."""

    grep: re.Pattern[str] | None = None
    trace: str | None = None  # its beginning is enough

    @classmethod
    def of(cls, *, grep: str | None = None, trace: str | None = None) -> Filter:
        try:
            return cls(re.compile(grep) if grep else None, trace.lower() if trace else None)
        except re.error as error:
            raise UsageError(
                f"{grep!r} is no regular expression: {error}",
                hint=f"labctl logs --grep '{re.escape(str(grep))}' looks for it literally",
            ) from None

    def may_want(self, text: str) -> bool:
        """Whether it is worth taking a line apart, which costs more than all else."""
        if self.grep and not self.grep.search(text):
            return False
        return not self.trace or self.trace in text

    def wants(self, row: LogRow) -> bool:
        return not self.trace or bool(row.trace and row.trace.startswith(self.trace))


def logs(
    lab: Lab,
    components: Sequence[str] = (),
    *,
    since_wall_s: float = 0.0,
    grep: str | None = None,
    trace: str | None = None,
) -> Iterator[LogRow]:
    """The lines of some components (default: the shop's services) up to now, the oldest first."""
    wanted = Filter.of(grep=grep, trace=trace)
    rows = heapq.merge(
        *(_rows(lab, name, since_wall_s, wanted) for name in _chosen(lab, components)),
        key=lambda row: row.wall_s,
    )
    return (row for row in rows if wanted.wants(row))


def follow(
    lab: Lab,
    components: Sequence[str] = (),
    *,
    since_wall_s: float = 0.0,
    grep: str | None = None,
    trace: str | None = None,
) -> Iterator[LogRow]:
    """Like `logs`, and then the lines to come, for ever."""
    seen: set[tuple[float, str, str]] = set()
    while True:
        for row in logs(lab, components, since_wall_s=since_wall_s, grep=grep, trace=trace):
            key = (row.wall_s, row.replica, row.text)
            if key in seen:
                continue
            since_wall_s = max(since_wall_s, row.wall_s)
            seen.add(key)
            yield row
        seen = {key for key in seen if key[0] >= since_wall_s}  # earlier ones can't come again
        lab.clock.sleep(_LOOK_EVERY_S)


def parse(component: str, line: Line) -> LogRow:
    """A row from a raw line."""
    try:
        plain = json.loads(line.text)
    except ValueError:
        plain = None
    if not isinstance(plain, dict):
        return LogRow(line.wall_s, component, line.replica, "", line.text, None, {}, line.text)
    return LogRow(
        wall_s=line.wall_s,
        component=component,
        replica=line.replica,
        level=str(plain.get("level", "")),
        msg=str(plain.get("msg", "")),
        trace=plain.get("trace"),
        fields={key: value for key, value in plain.items() if key not in _KNOWN},
        text=line.text,
        span=str(plain.get("span", "")),
        parent=str(plain.get("parent", "")),
    )


def _chosen(lab: Lab, components: Sequence[str]) -> list[str]:
    if components:
        return [ours(lab, name, "its logs are not ours to read") for name in components]
    return [
        name
        for name, component in lab.stack.components.items()
        if component.recipe == "service" and component.owner == "shop"
    ]


def _rows(lab: Lab, component: str, since_wall_s: float, wanted: Filter) -> Iterator[LogRow]:
    lines = lab.runtime.logs(component, since_wall_s=since_wall_s)
    # Replicas of one component are written at the same time, so their lines may interleave slightly.
    rows = (parse(component, line) for line in lines if wanted.may_want(line.text))
    return iter(sorted(rows, key=lambda row: row.wall_s))
