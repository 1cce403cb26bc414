"""`labctl query`: what Prometheus says, now as a table or over a range as sparklines."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labctl import clock
from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.terminal import document, out, say, table, width
from labctl.errors import UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab

BARS = 40
"""Of a sparkline: beside a short name and three numbers it fits on 80 columns."""
_BARS = "▁▂▃▄▅▆▇█"

Labels = Mapping[str, str]
Points = Sequence[tuple[float, float]]
Answer = tuple[list[dict[str, Any]], str]
"""The series as plain data, and as a table."""


def query(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="PromQL, in quotes.")],
    span: Annotated[
        str | None, typer.Option("--range", metavar="SPAN", help="How far back, such as 5m.")
    ] = None,
    as_json: AsJson = False,
    lab: LabName = None,
) -> None:
    opened = chosen(lab)
    plain, shown = _now(opened, expression) if span is None else _over(opened, expression, span)
    if as_json:
        document({"expression": expression, "series": plain})
    elif plain:
        out(shown)
    else:
        say("no series: no such metric, or nothing matches")
        say("next:  labctl query 'group by (__name__) ({job=\"checkout\"})' lists a component's metrics")


def _now(lab: "Lab", expression: str) -> Answer:
    from labctl.desk import query as desk

    samples = desk.instant(lab, expression)
    titles = names([sample.labels for sample in samples])
    rows = [(title, number(sample.value)) for title, sample in zip(titles, samples, strict=True)]
    plain = [{"labels": s.labels, "value": _finite(s.value), "wall_s": s.wall_s} for s in samples]
    return plain, table(("SERIES", "VALUE"), rows, right=(1,))


def _over(lab: "Lab", expression: str, span: str) -> Answer:
    from labctl.desk import query as desk

    series = desk.over(lab, expression, last_s=_span(span))
    titles = names([each.labels for each in series])
    rows = [(title, *_summary(each.points)) for title, each in zip(titles, series, strict=True)]
    plain = [{"labels": s.labels, "points": [(at, _finite(v)) for at, v in s.points]} for s in series]
    header = ("SERIES", "MIN", "MAX", "LAST", f"THE LAST {span}")
    return plain, table(header, rows, right=(1, 2, 3), fit=width())


def _span(text: str) -> float:
    try:
        span_s = clock.seconds(text)
    except ValueError as error:
        raise UsageError(str(error), hint="--range 5m") from None
    if span_s <= 0:
        raise UsageError(f"--range {text} is no time to look back", hint="--range 5m")
    return span_s


def names(labels: Sequence[Labels]) -> list[str]:
    """A name for each series: what is the same in all of several is left out."""
    common = set.intersection(*(set(each.items()) for each in labels)) if len(labels) > 1 else set()
    return [_name(dict(set(each.items()) - common)) for each in labels]


def _name(labels: Labels) -> str:
    rest = " ".join(f"{key}={value}" for key, value in sorted(labels.items()) if key != "__name__")
    return " ".join(filter(None, (labels.get("__name__", ""), rest))) or "value"


def _summary(points: Points) -> tuple[str, str, str, str]:
    values = [value for _, value in points]
    known = [value for value in values if math.isfinite(value)] or [math.nan]
    return number(min(known)), number(max(known)), number(values[-1]), sparkline(values)


def sparkline(values: Sequence[float]) -> str:
    """At most BARS bars, from the lowest to the highest; a gap where there is no value."""
    values = _thinned(values)
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return " " * len(values)
    low, spread = min(known), max(known) - min(known)
    return "".join(_bar(value, low, spread) for value in values)


def _thinned(values: Sequence[float]) -> Sequence[float]:
    """At most BARS of them: the greatest of each stretch, so that no peak is lost."""
    if len(values) <= BARS:
        return values
    edges = [round(index * len(values) / BARS) for index in range(BARS + 1)]
    stretches = [values[start:end] for start, end in pairwise(edges)]
    return [max(filter(math.isfinite, stretch), default=math.nan) for stretch in stretches]


def _bar(value: float, low: float, spread: float) -> str:
    if not math.isfinite(value):
        return " "
    return _BARS[round((value - low) / spread * (len(_BARS) - 1))] if spread else _BARS[0]


def number(value: float) -> str:
    """Four significant digits, thousands set apart; whole numbers whole."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{value}"
    if value == int(value) or abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _finite(value: float) -> float | str:
    """JSON has no NaN: as Prometheus writes it."""
    return value if math.isfinite(value) else str(value)
