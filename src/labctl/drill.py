"""The drill: break a healthy shop, page the learner, and watch until users have their SLO back.

reset → noise → baseline green → quiet → faults → page … the learner acts … → claim → hold → challenge
    → verdict: *mitigated* ends it; after any other it goes on
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labctl.actions.change import Role
from labctl.clock import Clock, duration
from labctl.engine import phases
from labctl.engine.driver import LOOK_EVERY_S, Driver
from labctl.engine.machine import Drill, Phase, fold
from labctl.errors import DrillVoid, LabBusy
from labctl.judge import Hold, Verdict
from labctl.judge.reading import RED_WINDOW_S
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.lab.lock import drive
from labctl.lab.reset import reset
from labctl.oncall import progress
from labctl.oncall.watch import Watch
from labctl.scenario.model import Scenario

FOR_EVER_S = float("inf")
_AGAIN = "labctl reset, then try again; labctl verify proves the scenario on this machine"

_BROKEN = (Phase.INJECTED, Phase.RED, Phase.HELD, Phase.CHALLENGED, Phase.MITIGATED)

Look = Callable[[Drill, Hold], None]
"""Called after each look at the users, about twice a second."""


def drill(
    lab: Lab,
    scenario: Scenario,
    *,
    clock: Clock,
    quiet_s: float,
    on_event: Callable[[Event], None] = lambda _: None,
    on_look: Look = lambda _, __: None,
) -> Verdict | None:
    """Drive one drill to its end and return the verdict, None when it was quit.

    A drill that was cut short goes on. `quiet_s` is how long healthy traffic runs before anything
    happens. The end has to be claimed (`oncall.moves.claim`, from any process). Raises DrillVoid
    when the shop is not healthy to begin with or the incident does not happen.
    """
    with drive(lab):
        driver = Driver(lab, scenario, clock=clock, on_event=on_event)
        fresh = not goes_on(driver.drill, scenario)
        if fresh:
            driver = begin(lab, scenario, "drill", clock=clock, on_event=on_event)
        with _kept_when_void(lab, driver):
            if fresh:
                await_green(lab, driver)
                driver.until(Phase.ENDED, Phase.NONE, within_s=quiet_s)
            if driver.drill.phase is Phase.GREEN:
                break_it(driver)
            return _driven(lab, driver, clock, on_look, until=lambda: False)


def follow(
    lab: Lab,
    scenario: Scenario,
    *,
    clock: Clock,
    after: int,
    on_event: Callable[[Event], None] = lambda _: None,
    on_look: Look = lambda _, __: None,
) -> Verdict | None:
    """The first verdict after event number `after`; None when the drill was ended without one.

    Whoever drives the drill judges; while nobody does, this process drives.
    """
    heard = after

    def hear(event: Event) -> None:
        nonlocal heard
        if event.seq > heard:
            heard = event.seq
            on_event(event)

    def answered() -> Event | None:
        found = [event for event in lab.journal.read(after) if event.kind in _ANSWERS]
        return found[0] if found else None

    while (answer := answered()) is None:
        try:
            with drive(lab):
                driver = Driver(lab, scenario, clock=clock, on_event=hear)
                with _kept_when_void(lab, driver):
                    _driven(lab, driver, clock, on_look, until=lambda: answered() is not None)
        except LabBusy:
            for event in lab.journal.read(heard):
                hear(event)
            at = fold(lab.journal.read())
            if at.phase is not Phase.NONE:
                on_look(at, phases.standing(lab, scenario, at))
            clock.sleep(LOOK_EVERY_S)
    for event in lab.journal.read(heard):
        hear(event)
    return phases.from_plain(answer.payload) if answer.kind == "verdict" else None


_ANSWERS = ("verdict", "drill.ended", "lab.reset")


def _driven(
    lab: Lab, driver: Driver, clock: Clock, on_look: Look, *, until: Callable[[], bool]
) -> Verdict | None:
    """Drive until the drill is over, or that; what is over is kept."""
    mine = driver.drill.id
    watch = Watch(driver, lab.journal, clock)

    def over() -> bool:
        if driver.drill.phase in (Phase.MITIGATED, Phase.ENDED, Phase.NONE):
            return True
        watch.look()
        on_look(driver.drill, driver.hold)
        return until()

    driver.advance_until(over, within_s=FOR_EVER_S)
    if driver.drill.phase is Phase.MITIGATED:
        verdict = driver.concluded or _verdict_on(lab)
        driver.end("mitigated")
        progress.keep(lab)
        return verdict
    if driver.drill.phase is Phase.NONE and not _was_ended(lab, mine):
        raise DrillVoid("the lab was reset: nothing is broken any more, and nobody mitigated it")
    return None


def _verdict_on(lab: Lab) -> Verdict:
    """The verdict that a driver reached which was killed before it could say so."""
    verdicts = [event for event in lab.journal.read() if event.kind == "verdict"]
    return phases.from_plain(verdicts[-1].payload)


def _was_ended(lab: Lab, drill: str) -> bool:
    """Whether somebody ended this drill before the lab was reset."""
    ours = False
    for event in lab.journal.read():
        if event.kind == "drill.begun":
            ours = event.payload["drill"] == drill
        elif event.kind == "drill.ended" and ours:
            return True
    return False


@contextmanager
def _kept_when_void(lab: Lab, driver: Driver) -> Iterator[None]:
    """A drill that nobody can judge any more is over, and kept like any other, with what users felt."""
    try:
        yield
    except DrillVoid as void:
        if driver.drill.phase is not Phase.NONE:
            driver.end(progress.UNJUDGED, why=void.message)
        progress.keep(lab, driver.seconds)
        raise


def start(
    lab: Lab, scenario: Scenario, mode: str, *, clock: Clock, on_event: Callable[[Event], None]
) -> Driver:
    """A driver over a lab that was reset and is healthy, the scenario's innocent changes included.

    Its drill may have been ended meanwhile.
    """
    driver = begin(lab, scenario, mode, clock=clock, on_event=on_event)
    await_green(lab, driver)
    return driver


def begin(
    lab: Lab, scenario: Scenario, mode: str, *, clock: Clock, on_event: Callable[[Event], None]
) -> Driver:
    """A driver over a lab that was reset, with the scenario's innocent changes; it may not be healthy yet."""
    phases.require_capabilities(lab, scenario)
    reset(lab)
    driver = Driver(lab, scenario, clock=clock, on_event=on_event)
    driver.begin(mode)
    phases.take_steps(lab, scenario.noise, Role.NOISE)
    return driver


def await_green(lab: Lab, driver: Driver) -> None:
    """Wait until every journey is green, or the drill was ended; DrillVoid when the shop is not healthy."""
    if not driver.until(Phase.GREEN, Phase.ENDED, within_s=phases.GREEN_WITHIN_S):
        firing = ", ".join(phases.firing(lab)) or "none"
        raise DrillVoid(
            f"the shop is not healthy to begin with, {duration(phases.GREEN_WITHIN_S)} after a reset: "
            f"{driver.baseline().explain()}; pages firing: {firing}",
            hint="labctl status shows what is wrong; is the machine busy with something else?",
        )


def break_it(driver: Driver) -> None:
    """Inject the faults and wait until users feel them, or in judgement until somebody is called although
    they do not; DrillVoid when it does not come to that."""
    driver.inject()
    expect = driver.scenario.expect
    if driver.scenario.judgement:
        _call(driver)
    elif not driver.until(Phase.RED, Phase.ENDED, within_s=expect.red + phases.FINAL_AFTER_S):
        raise DrillVoid(
            f"the incident does not happen: {expect.journey} is not red "
            f"{duration(expect.red)} after the fault",
            hint=_AGAIN,
        )


def _call(driver: Driver) -> None:
    """Users stay well, and the alert fires all the same; where a human calls, they do without us."""
    within_s = RED_WINDOW_S + phases.FINAL_AFTER_S
    if not driver.until(Phase.RED, Phase.ENDED, Phase.NONE, within_s=within_s):
        said = f"nobody's requests were counted within {duration(within_s)} of the fault"
        raise DrillVoid(said, hint="labctl status")
    drill, page = driver.drill, driver.scenario.expect.page
    if drill.red and not drill.acting:
        said = f"what is to be judged hurts users already: red {drill.red - drill.injected} s after the fault"
        raise DrillVoid(said, hint=_AGAIN)
    if page is None:
        return

    def called() -> bool:
        return driver.drill.fired_wall_s is not None or driver.drill.phase is not Phase.RED

    if not driver.advance_until(called, within_s=phases.PAGE_WITHIN_S):
        said = f"{page} does not fire within {duration(phases.PAGE_WITHIN_S)}, so that nobody is called"
        raise DrillVoid(said, hint=_AGAIN)


def goes_on(at: Drill, scenario: Scenario) -> bool:
    """Whether a lab is in the middle of this very scenario's drill."""
    return at.mode == "drill" and at.scenario == scenario.id and at.phase in _BROKEN
