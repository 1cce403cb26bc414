"""What a fault does to users, measured against what its scenario promises: green before, red, the page."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from labctl.clock import duration
from labctl.engine import phases, theory
from labctl.engine.decide import BASELINE_S
from labctl.engine.driver import Driver
from labctl.engine.machine import Phase
from labctl.judge import JourneyReading, red_share
from labctl.judge.reading import MIN_DUE, RED_WINDOW_S, tally
from labctl.proof import Check, Grade
from labctl.scenario.model import Expect

PAGE_LATE_S = 2.0
"""How much later than the users' own counts say a page may fire: scrapes and rules look once a second."""
PAGE_EARLY_S = 5.0
"""What fires so much earlier was paging for something else."""


def green(driver: Driver, firing: Collection[str]) -> Check:
    """Whether users were well before the fault; what pages already is named when they were not."""
    reading = driver.baseline().reading
    margin = _margin(reading.journeys)
    if driver.drill.phase is Phase.GREEN:
        lowest = min(reading.journeys, key=lambda journey: journey.margin)
        said = (
            f"{len(reading.journeys)} journeys green for {reading.last - reading.first + 1} s, "
            f"lowest {lowest} (at least {BASELINE_S} s and {MIN_DUE} requests each)"
        )
        return Check("green", "baseline", Grade.PASSED, said, margin)
    said = (
        f"the shop is not healthy to begin with, {duration(phases.GREEN_WITHIN_S)} after a reset: "
        f"{driver.baseline().explain()}; pages firing: {', '.join(firing) or 'none'}"
    )
    return Check("green", "baseline", Grade.UNJUDGED, said, margin)


def red(driver: Driver, expect: Expect) -> Check:
    """Whether users of the scenario's journey were hurt as soon as it says.

    What they felt is told since the fault was in; where it took its time and hurt them meanwhile, as of the
    seconds that made it red.
    """
    drill, needed = driver.drill, red_share(driver.rules.objectives[expect.journey])
    took_s = drill.red - drill.injected
    felt = tally([s for s in driver.seconds if s.number > drill.injected], expect.journey)
    if drill.phase is Phase.RED and felt.failed_share < needed:
        window = range(drill.red - RED_WINDOW_S + 1, drill.red + 1)
        felt = tally([s for s in driver.seconds if s.number in window], expect.journey)
    share = f"{expect.journey} {felt.failed_share:.1%} bad of {felt.due} requests"
    if drill.phase is Phase.RED and took_s <= expect.red:
        said = f"{share}, red after {took_s} s of at most {duration(expect.red)}"
        return Check("red", expect.journey, Grade.PASSED, said, 1 - took_s / expect.red, took_s)
    within = f"within {duration(expect.red)}, red is {needed:.0%} over 10 s"
    return Check("red", expect.journey, Grade.FAILED, f"the fault does not reproduce: {share} {within}")


def page_due(driver: Driver) -> float | None:
    """Since when (wall seconds) users' own counts burn fast enough; the edge may know a moment earlier."""
    return theory.page_due(driver.seconds, driver.rules, after=driver.drill.injected)


def page(driver: Driver, name: str, firing: Collection[str]) -> Check:
    """Whether the page came, and when, against the moment at which users' own counts made it due."""
    fired_wall_s = driver.drill.fired_wall_s
    if fired_wall_s is None:
        others = ", ".join(firing) or "no page at all"
        said = f"{name} did not fire within {duration(phases.PAGE_WITHIN_S)} of red; there is {others}"
        return Check("page", name, Grade.FAILED, said)
    due_wall_s = page_due(driver)
    if due_wall_s is None:
        said = f"{name} fired although users' own counts do not burn that fast"
        return Check("page", name, Grade.FAILED, said)
    late_s = fired_wall_s - due_wall_s
    after_s = fired_wall_s - driver.drill.injected_wall_s
    said = (
        f"fired {after_s:.1f} s after the fault, {late_s:+.1f} s against what users felt "
        f"(at most {PAGE_LATE_S:+g} s)"
    )
    grade = Grade.PASSED if late_s <= PAGE_LATE_S else Grade.FAILED
    if late_s < -PAGE_EARLY_S:
        said = f"fired {-late_s:.1f} s before it was due: it was paging for something else"
        grade = Grade.UNJUDGED
    return Check("page", name, grade, said, min(1.0, (PAGE_LATE_S - late_s) / PAGE_LATE_S), after_s)


def _margin(journeys: Sequence[JourneyReading]) -> float | None:
    return min((journey.margin for journey in journeys), default=None)
