"""What users of each journey feel: now, lately, and measured against what they were promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labctl.desk.snapshot import JourneyNow, Mark
from labctl.judge import allowed, red_share
from labctl.judge.reading import tally
from labctl.slo.burn import PAGES, budget_spent, burn_rate
from labctl.slo.openslo import Objective
from labctl.slo.sli import Second, Tally

NOW_S = 10
TREND_S = 120
BURN_S = int(PAGES[0].long_s)
"""The window of the page that comes first."""


def feelings(
    seconds: Sequence[Second], objectives: Sequence[Objective], targets: Mapping[str, float] | None = None
) -> tuple[JourneyNow, ...]:
    """Every objective's journey over these seconds, which are in order; `targets` are a scenario's own."""
    wanted = targets or {}
    return tuple(_feeling(seconds, each, wanted.get(each.journey, each.target)) for each in objectives)


def _feeling(seconds: Sequence[Second], objective: Objective, target: float) -> JourneyNow:
    name = objective.journey
    now, lately, ever = (tally(seconds[-window:], name) for window in (NOW_S, BURN_S, len(seconds) or 1))
    return JourneyNow(
        journey=name,
        target=target,
        threshold_s=objective.threshold_s,
        mark=mark(now, target),
        due=now.due,
        slow=now.slow,
        bad=now.bad,
        shed=now.shed,
        good_share=_good(now),
        burn=burn_rate(lately.failed_share, target) if lately.due else None,
        budget_left=1 - budget_spent(ever.failed_share, target, len(seconds)) if ever.due else None,
        trend=tuple(_good(second.journeys.get(name, Tally())) for second in seconds[-TREND_S:]),
    )


def mark(felt: Tally, target: float) -> Mark:
    """The judge's colour of a window, and what those feel who are hurt."""
    if not felt.due:
        return Mark.NOBODY
    if felt.failed <= allowed(felt.due, target):
        return Mark.OK
    if felt.failed_share < red_share(target):
        return Mark.THIN
    worst = max(
        (felt.bad, Mark.DOWN), (felt.shed, Mark.SHED), (felt.slow, Mark.LATE), key=lambda each: each[0]
    )
    return worst[1]


def _good(felt: Tally) -> float | None:
    return felt.good / felt.due if felt.due else None
