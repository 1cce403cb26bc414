"""A few SVG elements as text; every value is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

Point = tuple[float, float]


def element(name: str, *content: str, **attributes: object) -> str:
    """`<name …>content</name>`; content is markup, attributes are escaped (`class_` is class)."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(number(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(content)
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def text(x: float, y: float, said: str, **attributes: object) -> str:
    return element("text", escape(said), x=x, y=y, **attributes)


def titled(said: str, *content: str, **attributes: object) -> str:
    """A group that says what it is, to a pointer and to a screen reader."""
    return element("g", element("title", escape(said)), *content, **attributes)


def line(points: Iterable[Point], **attributes: object) -> str:
    return element("polyline", points=_points(points), **attributes)


def area(points: Iterable[Point], **attributes: object) -> str:
    return element("polygon", points=_points(points), **attributes)


def number(value: object) -> str:
    """Tenths are fine enough for a screen."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{number(float(x))},{number(float(y))}" for x, y in points)
