"""A blameless postmortem as a draft: the facts filled in, the judgement left as [[blanks]]."""

from __future__ import annotations

from labctl.debrief.pages import markdown_page
from labctl.debrief.report import Report


def draft(report: Report) -> str:
    """Markdown; `labctl postmortem lint` finds each blank that is left in it."""
    return markdown_page("postmortem.md", report)
