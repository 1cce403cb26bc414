"""What the incident cost the users: requests that were not good, beside what doing nothing would have cost.

A user here is one who sent one request: the load does not follow people from one to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labctl.debrief.moments import Moments, between, moments
from labctl.judge.reading import tally
from labctl.recording import Recording
from labctl.slo.burn import PERIOD_S
from labctl.slo.sli import Second, Tally

HORIZON_S = 600.0
"""How long nobody does anything, on the curve of doing nothing; a longer drill's own length if more."""
SETTLED_S = 5.0
"""The least that a trend is measured over."""


@dataclass(frozen=True)
class JourneyImpact:
    """One journey from the fault to the end."""

    journey: str
    whole: Tally
    trend: float  # the failed share that doing nothing goes on with, 0..1
    budget: float  # share of the compressed month's error budget that went; may exceed 1

    @property
    def hurt(self) -> int:
        return self.whole.failed


@dataclass(frozen=True)
class Impact:
    """All journeys that lost a request, the worst first, and the curve of doing nothing."""

    journeys: tuple[JourneyImpact, ...]
    hurt: int  # requests that were not good, from the fault to the end
    of: int  # requests in that time
    lasted_s: float  # from the fault (or red) until users were well, or the end
    after_page: int  # of the hurt, those after the page
    nothing: float  # how many would have been hurt after the page within the horizon
    per_minute: float  # how many a minute of doing nothing hurts
    horizon_s: float
    trend_first_s: float  # the trend's own window, relative to the page
    trend_last_s: float

    @property
    def spared(self) -> float:
        """The share of those whom doing nothing would have hurt and who were not, 0..1."""
        return max(0.0, 1 - self.after_page / self.nothing) if self.nothing else 1.0


def impact(recording: Recording, targets: Mapping[str, float]) -> Impact:
    """The curve of doing nothing: the trend before anybody could act, for as long as the horizon.

    The trend is each journey's failed share in the later half of the stretch from the fault to the
    page, once the fault has taken hold; shares within the error budget count as none. It goes on, at
    the traffic there was, for ten minutes from the page.
    """
    known = moments(recording)
    start = known.injected if known.injected is not None else known.zero
    hit = between(recording, start, known.ended + 1)
    first, last = _trend_window(known, start)
    settled = between(recording, first, last)
    later = [second for second in hit if second.wall_s >= known.zero]
    horizon = max(HORIZON_S, float(len(later)))
    found = [_journey(name, target, hit, settled) for name, target in targets.items()]
    per_s = sum(each.trend * each.whole.due / max(1, len(hit)) for each in found)
    hurt = sorted((each for each in found if each.hurt), key=lambda each: -each.hurt)
    return Impact(
        journeys=tuple(hurt),
        hurt=sum(each.hurt for each in found),
        of=sum(each.whole.due for each in found),
        lasted_s=(known.well or known.ended) - (known.red or start),
        after_page=sum(tally(later, name).failed for name in targets),
        nothing=per_s * horizon,
        per_minute=per_s * 60,
        horizon_s=horizon,
        trend_first_s=first - known.zero,
        trend_last_s=last - known.zero,
    )


def _trend_window(known: Moments, start: float) -> tuple[float, float]:
    end = known.paged if known.paged is not None else known.red if known.red is not None else start
    return max(start, min((start + end) / 2, end - SETTLED_S)), end


def _journey(name: str, target: float, hit: list[Second], settled: list[Second]) -> JourneyImpact:
    whole, share = tally(hit, name), tally(settled, name).failed_share
    rate = whole.due / max(1, len(hit))
    budget = whole.failed / (rate * PERIOD_S * (1 - target)) if rate else 0.0
    return JourneyImpact(name, whole, share if share > 1 - target else 0.0, budget)
