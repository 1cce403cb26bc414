"""When a burn rate pages: the policy as data, and the arithmetic of how soon.

The multi-window, multi-burn-rate policy of the Google SRE workbook, chapter 5 ("Alerting on SLOs",
section 6), with every window divided by `clock.COMPRESSION`; burn rates and budget shares stay.
Its fourth row, 1 × over 3 d and 6 h, is left out: even compressed it looks back 72 minutes, which is
longer than a drill and than the series that Prometheus has.

Times assume a constant request rate and errors that begin at once; the alert evaluates up to about
two seconds later (scrape and evaluation, each every second).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labctl.clock import COMPRESSION

_HOUR = 3600.0
PERIOD_S = 30 * 24 * _HOUR / COMPRESSION
"""The compressed SLO period: a month's budget is spent in twelve hours."""


class Severity(StrEnum):
    PAGE = "page"  # a human now
    TICKET = "ticket"  # a human tomorrow


@dataclass(frozen=True)
class BurnAlert:
    """Fires while both windows burn the budget faster than `burn` times the sustainable rate.

    `long_s` proves that it matters, `short_s` (a twelfth) that it still goes on.
    """

    severity: Severity
    burn: float
    long_s: float
    short_s: float

    @property
    def budget_share(self) -> float:
        """The part of the period's budget that is gone when it fires: 2 %, 5 % or 10 %."""
        return self.burn * self.long_s / PERIOD_S

    def threshold(self, target: float) -> float:
        """The error ratio that both windows must exceed."""
        return self.burn * (1 - target)

    def detection_s(self, target: float, error_ratio: float, elapsed_s: float = float("inf")) -> float | None:
        """Seconds from the first error to the alert, or None if it never fires.

        `elapsed_s` is how long requests had been counted, all good, before the errors began: a window
        longer than that covers only what has elapsed, so young series page sooner.
        """
        if error_ratio <= self.threshold(target):
            return None
        return max(
            _crossing_s(window, self.threshold(target), error_ratio, elapsed_s)
            for window in (self.long_s, self.short_s)
        )

    def clear_s(self, target: float, error_ratio: float) -> float:
        """Seconds from the last error until it clears, since the short window no longer burns."""
        return self.short_s * max(0.0, 1 - self.threshold(target) / error_ratio)


def _crossing_s(window_s: float, threshold: float, error_ratio: float, elapsed_s: float) -> float:
    """When `error_ratio · t / min(window, elapsed + t)` exceeds the threshold."""
    if elapsed_s < window_s:
        young = threshold * elapsed_s / (error_ratio - threshold)
        if elapsed_s + young <= window_s:
            return young
    return threshold * window_s / error_ratio


POLICY = (
    BurnAlert(Severity.PAGE, 14.4, 1 * _HOUR / COMPRESSION, _HOUR / 12 / COMPRESSION),
    BurnAlert(Severity.PAGE, 6.0, 6 * _HOUR / COMPRESSION, _HOUR / 2 / COMPRESSION),
    BurnAlert(Severity.TICKET, 3.0, 24 * _HOUR / COMPRESSION, 2 * _HOUR / COMPRESSION),
)
PAGES = tuple(alert for alert in POLICY if alert.severity is Severity.PAGE)


def first_page(
    target: float, error_ratio: float, elapsed_s: float = float("inf")
) -> tuple[BurnAlert, float] | None:
    """The page that fires first and after how many seconds, or None if none ever does."""
    fired = [
        (seconds, index)
        for index, alert in enumerate(PAGES)
        if (seconds := alert.detection_s(target, error_ratio, elapsed_s)) is not None
    ]
    if not fired:
        return None
    seconds, index = min(fired)
    return PAGES[index], seconds


def burn_rate(error_ratio: float, target: float) -> float:
    """How many times faster than sustainable the budget goes; 1 spends it exactly over the period."""
    return error_ratio / (1 - target)


def budget_spent(error_ratio: float, target: float, for_s: float) -> float:
    """The share of the compressed period's budget gone after `for_s` at this ratio; may exceed 1."""
    return burn_rate(error_ratio, target) * for_s / PERIOD_S
