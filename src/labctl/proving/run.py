"""One run: the parts of a plan, taken by as many labs as there are, and the proofs that come of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from labctl.attempt import Attempt
from labctl.clock import Clock
from labctl.engine import phases
from labctl.errors import CannotRunHere, LabError
from labctl.lab.lab import Lab
from labctl.lab.lock import drive
from labctl.lab.reset import reset
from labctl.proof import Broken, Check, Grade, Proof
from labctl.proving.bench import Bench
from labctl.proving.crossing import Crossing
from labctl.proving.judgement import Judgement
from labctl.proving.listener import Listener, Nobody
from labctl.proving.plan import Part, Task
from labctl.recording import Recording, record

_WORTH_GOING_ON = ("decoy", "fix")
"""A broken check of these phases says nothing about the attempts that follow."""


class Stopped(Exception):
    """Somebody interrupted the run; labs are given back within a second."""


class _Interruptible:
    """A clock that wakes nobody once the run is to stop."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock, self._stop = clock, stop

    def now(self) -> float:
        return self._clock.now()

    def wall(self) -> float:
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        if self._stop.is_set():
            raise Stopped
        self._clock.sleep(seconds)


@dataclass
class Attempted:
    """One part as it came out; its recording is what its chart is drawn from."""

    part: Part
    proof: Proof
    recording: Recording | None = None


@dataclass
class _Open:
    """A task while it is worked on."""

    task: Task
    waiting: list[Part]
    began_s: float | None = None
    running: int = 0
    done: dict[str, Attempted] = field(default_factory=dict)
    closing: list[Check] = field(default_factory=list)
    took_s: float = 0.0
    hopeless: bool = False  # an attempt found that the others can't come out either


class Run:
    """Takes the parts of one task after the other, each exactly once; for several labs the longest first.

    So a long run that is cut short has made whole proofs, and not a part of each.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        clock: Clock,
        listener: Listener | None = None,
        bench: Bench | None = None,
        labs: int = 1,
        keep: bool = False,
        recordings: bool = False,
    ) -> None:
        self._clock, self._listener = clock, listener or Nobody()
        self._bench, self._keep, self._recordings = bench or Bench(), keep, recordings
        self._open = [_Open(task, list(task.parts)) for task in tasks]
        self._longest_first = labs > 1
        self._turn = threading.Lock()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let every lab go, as soon as whatever it does next."""
        self._stop.set()

    def work(self, lab: Lab) -> None:
        """Prove parts in this lab until none is left; called once per lab, each in a thread of its own."""
        with drive(lab):
            try:
                while taken := self._take():
                    self._attempt(lab, *taken)
            except Stopped:
                return

    def attempted(self, task: Task) -> list[Attempted]:
        """What was tried for one task, in the order of its parts."""
        opened = next(each for each in self._open if each.task is task)
        return [opened.done[part.name] for part in task.parts if part.name in opened.done]

    def proofs(self) -> list[Proof]:
        """The proofs in the plan's order, once every lab is done, with what the siblings say."""
        return [self._proof(each, final=True) for each in self._open]

    def _take(self) -> tuple[_Open, Part] | None:
        with self._turn:
            opened = next((each for each in self._open if each.waiting), None)
            if opened is None or self._stop.is_set():
                return None
            part = opened.waiting[0]
            if self._longest_first:
                part = max(opened.waiting, key=lambda each: each.cost_s)
            opened.waiting.remove(part)
            opened.running += 1
            if opened.began_s is None:
                opened.began_s = self._clock.now()
            return opened, part

    def _attempt(self, lab: Lab, opened: _Open, part: Part) -> None:
        self._listener.begins(part, lab.name)
        proof = Proof(
            part.scenario.id, lab.kind, lambda check: self._listener.checked(part, check), run=part.run
        )
        attempted = Attempted(part, proof)
        hopeless = self._tried(lab, part, attempted)
        with self._turn:
            opened.done[part.name] = attempted
            opened.running -= 1
            if hopeless:
                opened.waiting.clear()
            last = not opened.running and not opened.waiting
        self._listener.ended(part)
        if last:
            self._close(lab, opened)

    def _tried(self, lab: Lab, part: Part, attempted: Attempted) -> bool:
        """Make the attempt; whether those that follow are pointless."""
        proof = attempted.proof
        began_s = self._clock.now()
        try:
            phases.require_capabilities(lab, part.scenario)
            attempt = _kind(part)(
                lab,
                part.scenario,
                proof,
                clock=_Interruptible(lab.clock, self._stop),
                bench=self._bench,
                siblings=part.siblings,
                on_event=lambda event: self._listener.happened(part, event),
            )
            try:
                _make(attempt, part)
            finally:
                attempt.note_conditions(part.name)
        except Broken as broken:
            return broken.check.phase not in _WORTH_GOING_ON
        except CannotRunHere as error:
            proof.add(Check("attempt", part.scenario.id, Grade.CANNOT_RUN, error.message))
            return True
        except LabError as error:
            grade = Grade.FAILED if error.exit_code == 1 else Grade.UNJUDGED
            proof.add(Check("attempt", part.scenario.id, grade, str(error)))
        finally:
            proof.took_s = self._clock.now() - began_s
            if self._recordings and not self._stop.is_set():
                attempted.recording = _recorded(lab, part)
        return False

    def _close(self, lab: Lab, opened: _Open) -> None:
        """The last part of a task is over: the lab has to come back as it ships."""
        if not self._keep:
            opened.closing.append(_left_clean(lab))
        opened.took_s = self._clock.now() - (opened.began_s or 0.0)
        self._listener.concluded(opened.task, self._proof(opened, final=False))

    def _proof(self, opened: _Open, *, final: bool) -> Proof:
        task = opened.task
        tried = self.attempted(task)
        runtime = tried[0].proof.runtime if tried else ""
        proof = Proof(task.scenario.id, runtime, took_s=opened.took_s, run=task.run, whole=task.whole)
        proof.checks = [check for each in tried for check in each.proof.checks] + opened.closing
        proof.conditions = [each for part in tried for each in part.proof.conditions]
        if proof.count(Grade.PASSED):
            proof.checks += task.left_out()
            if final and task.asks_siblings:
                proof.checks += self._bench.witnesses.checks(task.scenario, task.siblings, task.absent)
        return proof


def _kind(part: Part) -> type[Attempt]:
    """What is to be found out: what a sibling's fix does here, what is right, or what mitigates."""
    if part.of:
        return Crossing
    return Judgement if part.scenario.judgement else Attempt


def _make(attempt: Attempt, part: Part) -> None:
    """The attempt that a part asks for."""
    if isinstance(attempt, Crossing) and part.fix is not None:
        attempt.meets(part.fix, part.of)
        return
    if isinstance(attempt, Judgement):
        if part.fix is not None:
            attempt.turns_out_right(part.fix, with_evidence=part.with_evidence)
        for decoy in part.decoys:
            attempt.does_harm(decoy)
    elif part.fix is not None:
        attempt.turns_green(part.fix, with_evidence=part.with_evidence)
    else:
        attempt.stays_red(part.decoys, with_evidence=part.with_evidence)


def _left_clean(lab: Lab) -> Check:
    try:
        done = reset(lab)
    except LabError as error:
        return Check("reset", "clean", Grade.UNJUDGED, str(error))
    return Check("reset", "clean", Grade.PASSED, "as it ships, verified", took_s=done.took_s)


def _recorded(lab: Lab, part: Part) -> Recording | None:
    """The attempt as it went, unless it never began."""
    try:
        recording = record(lab)
    except LabError:
        return None
    return recording if recording.scenario == part.scenario.id else None
