"""Trace: one request through all services, put together from their log lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labctl.desk.logs import LogRow, logs
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

LATELY_S = 300.0
_DETAILS = ("waited_ms", "statements", "sql_ms")
_TELLS = frozenset({"error", "warning", "critical"})


@dataclass(frozen=True)
class Said:
    """A line of trouble that was logged on the way; `fields` as `key=value`."""

    wall_s: float
    replica: str
    level: str
    text: str


@dataclass(frozen=True)
class Span:
    """One piece of work: a request served, or a call made for it. `depth` counts from 0."""

    id: str
    depth: int
    replica: str
    what: str  # "POST /api/checkout", "→ bank POST /charges"
    offset_ms: float  # since the trace began
    ms: float
    result: str  # its status or outcome, and where its time went
    failed: bool
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Trace:
    """A whole request, its spans in the order of a waterfall; `loose` is what belongs to no span."""

    id: str
    began_wall_s: float
    ms: float
    spans: tuple[Span, ...]
    loose: tuple[Said, ...]


def trace(lab: Lab, prefix: str, *, since_wall_s: float | None = None) -> Trace:
    """The one trace whose id begins so, within the last five minutes unless told otherwise.

    UsageError when there is none, or several.
    """
    since = lab.clock.wall() - LATELY_S if since_wall_s is None else since_wall_s
    rows = list(logs(lab, since_wall_s=since, trace=prefix))
    found = sorted({row.trace for row in rows if row.trace})
    if not found:
        raise UsageError(
            f"no service logged a trace that begins with {prefix!r}",
            hint="labctl logs --since 5m --grep '\"status\": 5' shows traces; or a longer --since",
        )
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} traces begin with {prefix!r}", hint=f"labctl trace {found[0][: len(prefix) + 4]}"
        )
    return put_together(found[0], rows)


def put_together(identity: str, rows: Sequence[LogRow]) -> Trace:
    """The waterfall of one trace's lines."""
    told = {row.span: row for row in rows if row.span and "ms" in row.fields}
    first = min([_began(row) for row in told.values()] + [row.wall_s for row in rows])
    last = max(row.wall_s for row in rows)
    noise = [row for row in rows if row.level.lower() in _TELLS and row is not told.get(row.span)]
    spans = tuple(_spans(told, noise, first))
    loose = tuple(_said(row) for row in noise if row.span not in told)
    return Trace(identity, first, round((last - first) * 1000, 1), spans, loose)


def _spans(told: dict[str, LogRow], noise: Sequence[LogRow], first: float) -> Iterator[Span]:
    """Depth first; those whose caller left no line stand at the root."""

    def below(parent: str | None, depth: int) -> Iterator[Span]:
        for identity, row in _in_order(told, parent):
            said = tuple(_said(each) for each in noise if each.span == identity)
            yield _span(row, depth, first, said)
            yield from below(identity, depth + 1)

    yield from below(None, 0)


def _in_order(told: dict[str, LogRow], parent: str | None) -> list[tuple[str, LogRow]]:
    found = [
        (identity, row)
        for identity, row in told.items()
        if (row.parent not in told if parent is None else row.parent == parent)
    ]
    return sorted(found, key=lambda each: _began(each[1]))


def _span(row: LogRow, depth: int, first: float, said: tuple[Said, ...]) -> Span:
    fields = row.fields
    status = fields.get("status", fields.get("outcome", ""))
    error = str(fields.get("error", ""))
    details = [f"{name.removesuffix('_ms')} {_number(fields[name])}" for name in _DETAILS if name in fields]
    return Span(
        id=row.span,
        depth=depth,
        replica=row.replica,
        what=_what(row),
        offset_ms=round((_began(row) - first) * 1000, 1),
        ms=_ms(row),
        result=", ".join(filter(None, [str(status), error, *details])),
        failed=bool(error) or (isinstance(status, int) and status >= 500),
        said=said,
    )


def _what(row: LogRow) -> str:
    fields = row.fields
    if "dependency" in fields:
        return f"→ {fields['dependency']} {fields.get('what', '')}".rstrip()
    if "path" in fields:
        return f"{fields.get('method', '')} {fields['path']}".strip()
    return row.msg


def _said(row: LogRow) -> Said:
    rest = " ".join(f"{key}={value}" for key, value in row.fields.items())
    return Said(row.wall_s, row.replica, row.level, f"{row.msg} {rest}".rstrip())


def _began(row: LogRow) -> float:
    return row.wall_s - _ms(row) / 1000


def _ms(row: LogRow) -> float:
    value = row.fields.get("ms", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def failing(rows: Iterable[LogRow]) -> list[str]:
    """The newest traces that met trouble, the newest first: what is worth a look."""
    bad = [row for row in rows if row.trace and (row.level in _TELLS or _ms(row) >= 1000)]
    return list(dict.fromkeys(str(row.trace) for row in reversed(bad)))
