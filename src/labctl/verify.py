"""Prove scenarios: each breaks what it says, pages, stays broken under wrong fixes, and each fix heals it.

baseline green → noise, faults → red in time → page → evidence, here and in the siblings
    → nobody acts: stays red → each decoy: stays red        (one injection for all of them)
    → each fix, on a fresh injection: green, held, challenged
→ reset, verified clean

Judgement the other way round: users stay green through what looks like an incident; what is right keeps
them so, what is wrong harms them (`labctl.proving.judgement`). Attempts are independent of each other, so
that several labs share them (`labctl.proving.plan`, `run`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from labctl.clock import Clock
from labctl.lab.journal import Event
from labctl.lab.lab import Lab
from labctl.proof import Check, Proof
from labctl.proving.listener import Listener, Nobody
from labctl.proving.plan import Part, Task, plan
from labctl.proving.run import Run
from labctl.scenario.model import Scenario

_LOOK_EVERY_S = 1.0
"""A signal that comes just before a wait begins is not seen before it ends, so that none is long."""


def verify(
    lab: Lab,
    scenario: Scenario,
    *,
    clock: Clock,
    only: str | None = None,
    keep: bool = False,
    on_check: Callable[[Check], None] = lambda _: None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Proof:
    """Prove one scenario on one running lab; everything that was found is in the proof.

    `only` names one fix or decoy ("fix:NAME", "decoy:NAME"); `keep` leaves the lab as the last
    attempt left it.
    """
    listener = _Told(on_check, on_event)
    run = Run(plan([scenario], only=only), clock=clock, listener=listener, keep=keep)
    run.work(lab)
    (proof,) = run.proofs()
    return proof


def prove(
    tasks: Sequence[Task],
    labs: Sequence[Lab],
    *,
    listener: Listener,
    keep: bool = False,
    recordings: bool = False,
) -> Run:
    """Prove all tasks on labs that are up, side by side; the run has the proofs."""
    run = Run(tasks, clock=labs[0].clock, listener=listener, labs=len(labs), keep=keep, recordings=recordings)
    spread(run, labs)
    return run


def spread(run: Run, labs: Sequence[Lab]) -> None:
    """Let every lab work until the plan is done; whatever ends it early is raised when all have let go."""
    with ThreadPoolExecutor(len(labs)) as workers:  # `Thread.join` forgets a thread once it is interrupted
        try:
            working = {workers.submit(run.work, lab) for lab in labs}
            while working:
                done, working = wait(working, _LOOK_EVERY_S, FIRST_COMPLETED)
                for each in done:
                    each.result()
        except BaseException:
            run.stop()
            raise


@dataclass
class _Told(Nobody):
    """Passes on checks and events alone."""

    on_check: Callable[[Check], None]
    on_event: Callable[[Event], None]

    def checked(self, part: Part, check: Check) -> None:  # noqa: ARG002 — a Listener's
        self.on_check(check)

    def happened(self, part: Part, event: Event) -> None:  # noqa: ARG002
        self.on_event(event)


__all__ = ["Run", "Task", "plan", "prove", "spread", "verify"]
