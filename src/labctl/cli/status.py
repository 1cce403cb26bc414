"""`labctl status`: each component, what users felt lately, and what would page."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from labctl.cli.choice import AsJson, LabName, chosen
from labctl.cli.history import when
from labctl.cli.terminal import document, out, paint, say, table, width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labctl.desk.status import ComponentRow, JourneyRow, Status
    from labctl.lab.reach import Alert


def status(as_json: AsJson = False, lab: LabName = None) -> None:
    from labctl.desk.status import status as now

    found = now(chosen(lab))
    if as_json:
        document(asdict(found))
        return
    _components(found)
    out()
    _journeys(found)
    _rest(found)


def _components(found: "Status") -> None:
    header = (f"LAB {found.lab}", "STATE", "READY", "RESTARTS", "MEMORY", "RELEASE")
    rows = [
        (
            row.component,
            state(row),
            f"{row.ready} of {row.wanted}",
            row.restarts,
            f"{row.rss_mb:.0f} MB",
            row.release,
        )
        for row in found.components
    ]
    out(table(header, rows, right=(3, 4), fit=width()))


def state(row: "ComponentRow") -> str:
    """The worst of its replicas' states; a kill for want of memory is said."""
    return f"{row.state}, {row.oom_kills} out of memory" if row.oom_kills else row.state


def _journeys(found: "Status") -> None:
    header = ("JOURNEY", "REQUESTS", "GOOD", "TARGET", "SLOW", "FAILED", "SHED", "")
    rows = [
        (
            row.journey,
            row.due,
            None if row.good_share is None else percent(row.good_share),
            f"{row.target * 100:g} %",
            row.slow,
            row.bad,
            row.shed,
            feels(row),
        )
        for row in found.journeys
    ]
    out(table(header, rows, right=(1, 2, 3, 4, 5, 6), fit=width()))


def percent(share: float) -> str:
    """Rounded down, so that a miss never reads as the target it missed."""
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"


def feels(row: "JourneyRow") -> str:
    """What the judge would call it, in words that need no colour."""
    from labctl.judge import allowed, red_share

    if row.good_share is None:
        return "nobody came"
    failed = row.slow + row.bad + row.shed
    if failed <= allowed(row.due, row.target):
        return "ok"
    return "HURT" if failed / row.due >= red_share(row.target) else "thin"


def firing(alerts: "Iterable[Alert]") -> list[tuple[str, str, float]]:
    """Severity, name and since when: each alert once, whichever windows burn, and pages first."""
    first: dict[tuple[str, str], float] = {}
    for each in alerts:
        key = each.labels.get("severity", "alert"), each.name
        first[key] = min(each.since_wall_s, first.get(key, each.since_wall_s))
    ordered = sorted(first.items(), key=lambda item: (item[0][0] != "page", item[1]))
    return [(*key, since_wall_s) for key, since_wall_s in ordered]


def _rest(found: "Status") -> None:
    from labctl.desk.status import LATELY_S

    say(f"users over the last {LATELY_S} s")
    for severity, name, since_wall_s in firing(found.alerts):
        out(f"{paint(severity, 'red')}  {name}, since {when(since_wall_s)}")
    for name, value in found.flags.items():
        out(f"flag  {name} {value}")
    for problem in found.problems:
        out(f"unknown  {problem}")
