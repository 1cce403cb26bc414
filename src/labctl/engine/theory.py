"""When the page should come, worked out from what users experienced and not from Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.engine.decide import Rules
from labctl.slo.burn import PAGES
from labctl.slo.sli import Second, Tally


def page_due(seconds: Sequence[Second], rules: Rules, *, after: int = 0) -> float | None:
    """The moment (wall seconds) from which a burn-rate alert is due, or None if it never is.

    The same rule that Prometheus evaluates, on the users' own counts: long and short window both
    burn faster than the policy allows. A user is hurt when the journey's threshold has passed, and no
    sooner can anybody know. Windows cover what has elapsed. Seconds up to number `after`
    count in the windows; that they burned, before anything was broken, makes no page due.
    """
    tallies = [second.journeys.get(rules.journey, Tally()) for second in seconds]
    target = rules.objectives[rules.journey]
    for index, second in enumerate(seconds):
        if second.number <= after:
            continue
        for alert in PAGES:
            windows = (alert.long_s, alert.short_s)
            shares = [_failed_share(tallies, index, round(window)) for window in windows]
            if min(shares) > alert.threshold(target):
                return second.wall_s + 1.0 + rules.threshold_s
    return None


def _failed_share(tallies: Sequence[Tally], last: int, window: int) -> float:
    total = Tally()
    for tally in tallies[max(0, last - window + 1) : last + 1]:
        total += tally
    return total.failed_share
