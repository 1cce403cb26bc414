"""Runbooks: for each alert one page of Markdown. They know the shop, never the incident.

The lab's own are in `runbooks/`; an installed package brings one for each of its journeys.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from labctl import assets
from labctl.errors import UsageError
from labctl.slo import installed
from labctl.slo.openslo import alert_of


def names() -> list[str]:
    """The alerts that have one, by name."""
    return sorted(_pages())


def _pages() -> dict[str, Path]:
    own = {page.stem: page for page in assets.path("runbooks").glob("*.md") if page.stem != "README"}
    return own | {alert_of(each.journey): each.runbook for each in installed.journeys()}


def runbook(alert: str) -> str:
    """An alert's page; upper and lower case are the same. UsageError when it has none."""
    pages = _pages()
    known = {name.lower(): name for name in pages}
    if alert.lower() not in known:
        close = get_close_matches(alert.lower(), known, n=1)
        guess = f"; did you mean {known[close[0]]}?" if close else ""
        hint = f"labctl runbook {known[close[0]]}" if close else "labctl runbook lists them"
        raise UsageError(f"there is no runbook for {alert!r}{guess}", hint=hint)
    return pages[known[alert.lower()]].read_text(encoding="utf-8")


def title(alert: str) -> str:
    """The first line of its page, without the mark."""
    return runbook(alert).partition("\n")[0].lstrip("# ")
