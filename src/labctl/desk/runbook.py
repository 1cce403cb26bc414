"""Runbooks: for each alert one page of Markdown in `runbooks/`. They know the shop, never the incident."""

from __future__ import annotations

from difflib import get_close_matches

from labctl import assets
from labctl.errors import UsageError


def names() -> list[str]:
    """The alerts that have one, by name."""
    return sorted(page.stem for page in assets.path("runbooks").glob("*.md") if page.stem != "README")


def runbook(alert: str) -> str:
    """An alert's page; upper and lower case are the same. UsageError when it has none."""
    known = {name.lower(): name for name in names()}
    if alert.lower() not in known:
        close = get_close_matches(alert.lower(), known, n=1)
        guess = f"; did you mean {known[close[0]]}?" if close else ""
        hint = f"labctl runbook {known[close[0]]}" if close else "labctl runbook lists them"
        raise UsageError(f"there is no runbook for {alert!r}{guess}", hint=hint)
    return assets.path("runbooks", f"{known[alert.lower()]}.md").read_text(encoding="utf-8")


def title(alert: str) -> str:
    """The first line of its page, without the mark."""
    return runbook(alert).partition("\n")[0].lstrip("# ")
