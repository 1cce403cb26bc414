"""`labctl runbook`: what to look at first, and what usually helps, for each alert."""

from typing import TYPE_CHECKING, Annotated

import typer

from labctl.cli.choice import LabName, chosen
from labctl.cli.status import firing
from labctl.cli.terminal import out, say, table, width
from labctl.errors import LabError, UsageError

if TYPE_CHECKING:
    from labctl.lab.lab import Lab


def runbook(
    alert: Annotated[
        str | None, typer.Argument(metavar="ALERT", help="Such as CheckoutBudgetBurn; default: what pages.")
    ] = None,
    lab: LabName = None,
) -> None:
    from labctl.desk import runbook as desk

    firing = _firing(lab)
    if alert is None and not firing:
        out(table(("ALERT", "RUNBOOK"), [(name, desk.title(name)) for name in desk.names()], fit=width()))
        say("nothing pages now; next:  labctl runbook ALERT")
        return
    out(desk.runbook(alert or firing[0]).rstrip())


def _firing(lab: str | None) -> list[str]:
    """What pages now, first what the drill was paged by, then the first; a runbook needs no lab."""
    try:
        opened = chosen(lab)
    except UsageError:  # none is up, or it is not said which
        if lab is not None:
            raise
        return []
    try:
        alerts = opened.alertmanager.alerts()
    except LabError:
        return []
    by = _paged_by(opened)
    names = [name for severity, name, _ in firing(alerts) if severity == "page"]
    return sorted(names, key=lambda name: name != by)


def _paged_by(lab: "Lab") -> str | None:
    """The alert of the drill's page; None before it, and without a drill."""
    from labctl.cli.incident import scenario_of
    from labctl.oncall.page import page_of

    try:
        return page_of(lab, scenario_of(lab)).alert
    except UsageError:
        return None
