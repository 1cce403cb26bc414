"""The written forms of a debrief, from templates that are shipped with the package."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from labctl.debrief.chart import chart
from labctl.debrief.report import Report

WIDE, PHONE = 920, 358
"""Widths of the chart in pixels: for a desk, and for a phone."""


def markdown_page(template: str, report: Report, **more: object) -> str:
    """A template in Markdown, which has no markup to escape but a table's bar."""
    return _environment(html=False).get_template(template).render(report=report, **more)


def html(report: Report, postmortem: str) -> str:
    """One self-contained page: style and charts inside, no request, no script."""
    wide, phone = (
        Markup(chart(report.recording, report.targets, width=width, name=name))  # noqa: S704 — our own, escaped
        for width, name in ((WIDE, "wide"), (PHONE, "phone"))
    )
    template = _environment(html=True).get_template("debrief.html")
    return template.render(report=report, wide=wide, phone=phone, postmortem=postmortem)


def markdown(report: Report, postmortem: str) -> str:
    """The whole debrief without the chart."""
    return markdown_page("debrief.md", report, postmortem=postmortem)


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("labctl.debrief"),
        autoescape=html,  # noqa: S701 — Markdown has nothing to escape
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    environment.filters["points"] = lambda value: f"{value:.1f}".removesuffix(".0").replace("-", "−")
    return environment
