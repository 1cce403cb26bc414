"""Reset: a running lab back to healthy, with fresh data and no memory of what was done to it.

Nobody comes meanwhile: an order placed between a new database and an empty stream would be paid for and
never fulfilled. The stack as it ships, links whole, no flag, no foreign session, databases new from their
template, caches and streams empty, the usual load, Prometheus without a past. Each step looks at what
came of it. The seconds that it takes are journaled, so that nobody judges them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from labctl.clock import Timeout, await_until
from labctl.errors import LabError, RuntimeFailed
from labctl.lab import lock
from labctl.lab.door import await_answers
from labctl.lab.fresh_data import end_foreign_sessions, fresh_caches, fresh_databases
from labctl.lab.lab import Lab
from labctl.lab.links import heal_links
from labctl.lab.reach import Unreachable
from labctl.slo.sli import Sli
from labctl.stack.compose import Component, baseline
from labctl.stack.wanted import Want, Wanted

QUIET_WITHIN_S = 10.0
LAST = 2**53
"""A second after all others: asks load for its clock and for no seconds."""


class ResetFailed(LabError):
    """Something was still not as it ships; the message says what."""


@dataclass(frozen=True)
class Reset:
    """What a reset took; load seconds `first`..`last` felt it and say nothing about the shop."""

    run: str
    first: int
    last: int
    took_s: float
    steps: tuple[tuple[str, float], ...]  # name, seconds


def reset(lab: Lab) -> Reset:
    """Do it, verified; ResetFailed or another LabError names what is not as it should be."""
    began = lab.clock.now()
    steps: list[tuple[str, float]] = []

    def timed(name: str, step: Callable[[Lab], None]) -> None:
        at = lab.clock.now()
        step(lab)
        steps.append((name, round(lab.clock.now() - at, 3)))

    with lock.apply(lab), _nobody_comes(lab):
        before = _load(lab)
        timed("way", _clear_the_way)
        timed("stack", _ship)
        timed("links", heal_links)
        timed("sessions", end_foreign_sessions)
        timed("databases", fresh_databases)
        timed("caches", fresh_caches)
        timed("load", _usual_load)
        timed("journeys", await_answers)
        timed("monitoring", _forget_metrics)
        timed("verify", _verify)
        after = lab.load.poll(after=LAST)
        first = before.now if before and before.run == after.run else 0
        done = Reset(after.run, first, after.now, round(lab.clock.now() - began, 3), tuple(steps))
        lab.journal.append("lab.reset", {**vars(done), "steps": dict(steps)})
    return done


def as_it_ships(lab: Lab) -> Wanted:
    """The baseline with every service of the shop newly started, whatever it remembers."""
    now, fresh = lab.wanted(), baseline(lab.stack)
    for name, component in lab.stack.components.items():
        fresh = fresh.edit(name, **_counters(component, now[name], fresh[name]))
    return fresh


def _counters(component: Component, now: Want, fresh: Want) -> dict[str, int]:
    """Counters never go back; a service is restarted unless it is replaced anyway."""
    replaced = (now.release, dict(now.environment)) != (fresh.release, dict(fresh.environment))
    ours = component.recipe == "service" and component.owner != "lab"
    return {"restarts": now.restarts + (ours and not replaced), "data": now.data}


@contextlib.contextmanager
def _nobody_comes(lab: Lab) -> Iterator[None]:
    """No users until the usual ones are asked for, also by a reset that fails."""
    with contextlib.suppress(LabError):  # load does not run: nobody comes anyway
        lab.load.set_profile("steady", rate=0)
    try:
        yield
    except BaseException:
        with contextlib.suppress(LabError):
            _usual_load(lab)
        raise


def _load(lab: Lab) -> Sli | None:
    """Where the load is now; None when it does not run, which the reset is about to change."""
    try:
        return lab.load.poll(after=LAST)
    except LabError:
        return None


def _clear_the_way(lab: Lab) -> None:
    """Services start only with their links whole and no foreign lock in their way."""
    for step in (heal_links, end_foreign_sessions):
        with contextlib.suppress(Unreachable):  # it is down itself: starting it comes next
            step(lab)


def _ship(lab: Lab) -> None:
    try:
        lab.apply(as_it_ships(lab))
    except RuntimeFailed:
        fresh_databases(lab)  # damaged data can keep a service from starting
        lab.apply(as_it_ships(lab))


def _usual_load(lab: Lab) -> None:
    lab.load.reset()


def _forget_metrics(lab: Lab) -> None:
    """Prometheus would remember the errors of the last attempt for six minutes, and page for them."""
    wanted = lab.wanted()
    for name in ("prometheus", "alertmanager"):
        wanted = wanted.edit(name, data=wanted[name].data + 1)
    lab.apply(wanted)


def _verify(lab: Lab) -> None:
    wanted, fresh = lab.wanted(), baseline(lab.stack)
    if wanted.flags:
        raise ResetFailed(f"flags are still set: {', '.join(wanted.flags)}")
    for name, want in wanted.components.items():
        if replace(want, restarts=0, data=0) != fresh[name]:
            raise ResetFailed(f"{name} is not as it ships: {want}")
    seen: list[str] = []

    def quiet() -> bool:
        active = [alert for alert in lab.prometheus.alerts() if alert.state == "firing"]
        seen[:] = sorted({alert.name for alert in (*active, *lab.alertmanager.alerts())})
        return not seen

    try:
        await_until(
            quiet,
            what="no alert after the reset",
            within_s=QUIET_WITHIN_S,
            clock=lab.clock,
            last_seen=lambda: ", ".join(seen),
        )
    except Timeout as error:
        raise ResetFailed(error.message, hint="labctl status") from error
