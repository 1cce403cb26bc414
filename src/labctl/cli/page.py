"""`labctl page`: the page as it was sent."""

import textwrap
from typing import TYPE_CHECKING, Any

from labctl.cli.choice import AsJson, LabName, aimed, chosen
from labctl.cli.incident import scenario_of
from labctl.cli.terminal import document, out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labctl.oncall.page import Page


def page(as_json: AsJson = False, lab: LabName = None) -> None:
    from labctl.oncall.page import page_of

    opened = chosen(lab)
    sent = page_of(opened, scenario_of(opened))
    if as_json:
        document(_plain(sent))
    else:
        out("\n".join(lines(sent, this=aimed(opened.name))))


def _plain(sent: "Page") -> dict[str, Any]:
    return dict(vars(sent))


def lines(sent: "Page", *, this: str = "", columns: int = 80) -> list[str]:
    """The page for a person."""
    return [
        line
        for text in _parts(sent, this)
        for line in textwrap.wrap(text, columns, subsequent_indent="  ", break_on_hyphens=False)
    ]


def _parts(sent: "Page", this: str) -> "Iterator[str]":
    if sent.alert:
        yield f"PAGE {sent.alert}"
    if sent.summary:
        yield f"symptom: {sent.summary}"
    if sent.burn is not None:
        yield f"burn rate: the error budget burns {sent.burn:.0f} times too fast"
    if sent.budget_left is not None:
        yield f"budget: {_left(sent.budget_left)}"
    if sent.description:
        yield f"rule: {sent.description}"
    if sent.words:
        yield sent.words
    yield f"runbook: {sent.runbook}{this}"


def _left(share: float) -> str:
    if share < 0:
        return f"this (compressed) month's is overdrawn by {-share * 100:.1f} %"
    return f"{share * 100:.1f} % of this (compressed) month's is left"
