"""One replica: started, watched, stopped, and started again for ever after it dies."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labctl.errors import CannotRunHere, LabError
from labctl.runtimes.base import EventKind, State
from labctl.runtimes.local.history import History
from labctl.runtimes.local.job import Job, Part
from labctl.runtimes.local.layout import Layout
from labctl.runtimes.local.limits import Limiter
from labctl.runtimes.local.process import Launch, Process
from labctl.runtimes.local.recipes import recipe
from labctl.runtimes.local.recipes.base import Place
from labctl.stack.wanted import Limits

log = logging.getLogger(__name__)

BACKOFF_FIRST_S, BACKOFF_LAST_S, HEALTHY_S = 0.5, 10.0, 10.0
_STARTING_EVERY_S = 0.1
_FAILURES_TO_UNREADY = 2
_COULD_NOT_START = 70


@dataclass(frozen=True)
class Edition:
    """What can't change while a replica runs."""

    release: str | None
    environment: Mapping[str, str]


@dataclass
class Replica:
    """`changed` is called after every change that others can see."""

    name: str
    part: Part
    job: Job
    port: int
    edition: Edition
    limits: Limits
    history: History
    changed: Callable[[], None]
    restarts_done: int = 0
    data: int = 0
    state: State = State.STARTING
    restarts: int = 0
    exit_code: int | None = None
    oom_kills: int = 0
    started_wall_s: float | None = None
    serving: bool = False  # it has become ready and still runs: others may be sent to it
    retiring: bool = False
    arrived: bool = False  # ready at least once since the last planned change
    late: bool = False  # it should have arrived by now
    process: Process | None = None
    _limiter: Limiter | None = None
    _deadline: float | None = None
    _again: bool = False  # this end is a restart
    _ready_at: float | None = None  # of the present process
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: asyncio.Future[int] | None = None
    _stops: set[asyncio.Task[None]] = field(default_factory=set)
    _life: asyncio.Task[None] | None = None

    @property
    def number(self) -> int:
        return int(self.name.rpartition("-")[2])

    @property
    def is_gone(self) -> bool:
        return self._life is not None and self._life.done()

    # What the keeper asks for

    def begin(self) -> None:
        self._life = asyncio.create_task(self._live())

    def limit(self, limits: Limits) -> None:
        """Change limits in place; what was waiting to be started again is started at once."""
        self.limits = limits
        if self._limiter:
            self._limiter.set(limits)
        if not self.serving:
            self._expect()
            self._wake.set()
        self.changed()

    def restart(self, *, edition: Edition, restarts: int, data: int) -> None:
        """Stop, then start in place as this edition; on fresh data if `data` is another number."""
        self.edition, self.restarts_done, self.data = edition, restarts, data
        self._again = True
        self._expect()
        self._wake.set()
        self._stop_soon(after_s=0.0, grace_s=None)

    def retire(self, *, drain_s: float, grace_s: float | None = None) -> None:
        """Send nobody here any more, let what is under way finish, stop for good."""
        drained = drain_s if self.serving else 0.0
        self.retiring, self.serving = True, False
        self._wake.set()
        self.changed()
        self._stop_soon(after_s=drained, grace_s=grace_s)

    def tick(self, now: float) -> None:
        """Look at the process: 20 times a second."""
        if self._deadline is not None and now > self._deadline and not self.arrived and not self.late:
            self.late = True
            self.changed()
        if self.process is None or self._gone is None or self._gone.done():
            return
        if self._limiter:
            self._count_ooms(self._limiter.tick(now, frozen=self._is_frozen))
        code = self.process.exit_code()
        if code is not None:
            self._gone.set_result(code)

    # Its life

    async def _live(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while not self.retiring:
            self._again = False
            self._wake.clear()
            try:
                self.exit_code = await self._once()
            except (LabError, OSError, ValueError) as error:
                self._could_not_start(error)
            except Exception as error:  # a supervisor outlives whatever a recipe does
                log.exception("%s could not be started", self.name)
                self._could_not_start(error)
            if self.retiring or self._again:
                backoff_s = BACKOFF_FIRST_S
                continue
            self.restarts += 1
            if self._was_healthy():
                backoff_s = BACKOFF_FIRST_S
            self._become(State.BACKOFF)
            try:
                await asyncio.wait_for(self._wake.wait(), backoff_s)
                backoff_s = BACKOFF_FIRST_S
            except TimeoutError:
                backoff_s = min(BACKOFF_LAST_S, 2 * backoff_s)
        self._become(State.STOPPED)

    async def _once(self) -> int | None:
        """Start it and wait for its end; its exit code, or None when another wish came first."""
        self._become(State.STARTING)
        self._ready_at = None
        place = self._place()
        launch = await asyncio.to_thread(self._prepare, place)
        if self.retiring or self._again:
            return self.exit_code
        groups = [path / self.name for path in self.job.cgroups]
        self._limiter = Limiter(groups, self.limits, weight=self.part.weight)
        self._gone = asyncio.get_running_loop().create_future()
        self.process = Process(launch, log=self._log, nice=self.part.nice, cgroups=self._limiter.doors)
        self._limiter.begin(self.process.identity)
        self.started_wall_s = time.time()
        if self._deadline is None:
            self._expect()
        self._tell(EventKind.STARTED)
        self.changed()
        watch = asyncio.create_task(self._watch())
        try:
            code = await self._gone
        finally:
            watch.cancel()
            self.serving = False
            self._count_ooms(self._limiter.new_ooms())
            self._limiter.close()
            self._freeze_mark(self.process).unlink(missing_ok=True)
            self.process = self._limiter = None
        self._tell(EventKind.EXITED, exit_code=code, wanted=self.retiring or self._again)
        return code

    async def _watch(self) -> None:
        """Ask its probe for ever; the state follows the answers."""
        probe = recipe(self.part.recipe).probe_for(self.part)
        failures = 0
        while True:
            if await probe.succeeds(self.port):
                failures = 0
                if not self.serving and not self.retiring:
                    self._arrive()
                self._become(State.READY)
            else:
                failures += 1
                if self.state is State.READY and failures >= _FAILURES_TO_UNREADY:
                    self._become(State.UNREADY)
            calm = self.state is State.READY and not failures
            await asyncio.sleep(probe.every_s if calm else _STARTING_EVERY_S)

    def _arrive(self) -> None:
        self.serving = self.arrived = True
        self.late = False
        self._deadline = None
        self._ready_at = time.monotonic()
        self._tell(EventKind.READY)

    def _stop_soon(self, *, after_s: float, grace_s: float | None) -> None:
        """Stop the process there is now, if any: after a drain, politely, then not."""
        if self.process is None or self._gone is None:
            return
        grace_s = self.part.stop_grace_s if grace_s is None else grace_s
        task = asyncio.create_task(self._stop(self.process, self._gone, after_s, grace_s))
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    async def _stop(
        self, process: Process, gone: asyncio.Future[int], after_s: float, grace_s: float
    ) -> None:
        await asyncio.wait([gone], timeout=after_s)
        self._freeze_mark(process).unlink(missing_ok=True)
        process.stop()
        await asyncio.wait([gone], timeout=grace_s)
        if not gone.done():
            process.kill()

    # Small parts

    def _expect(self) -> None:
        """From now on it has its start deadline to arrive."""
        self.arrived = self.late = False
        self._deadline = time.monotonic() + self.job.start_deadline_s

    def _place(self) -> Place:
        environment = {**self.part.environment, **self.edition.environment}
        data = Layout(self.job.folder).data / self.name / str(self.data)
        return Place(self.job, self.part, self.name, self.port, self.edition.release, environment, data)

    def _prepare(self, place: Place) -> Launch:
        """What may take seconds: remove data that is not wanted any more, let the recipe do its work."""
        cooking = recipe(self.part.recipe)
        if place.data.parent.exists():
            for other in place.data.parent.iterdir():
                if other != place.data:
                    cooking.forget(other)
                    shutil.rmtree(other)
        return cooking.launch(place)

    def _was_healthy(self) -> bool:
        return self._ready_at is not None and time.monotonic() - self._ready_at >= HEALTHY_S

    def _could_not_start(self, error: Exception) -> None:
        self.exit_code = _COULD_NOT_START
        if self._deadline is None:
            self._expect()
        if isinstance(error, CannotRunHere):
            self.late = True  # waiting for the deadline would change nothing
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"could not start {self.name}: {error}\n")

    @property
    def _log(self) -> Path:
        return Layout(self.job.folder).log(self.name)

    def _is_frozen(self) -> bool:
        return self.process is not None and self._freeze_mark(self.process).exists()

    def _freeze_mark(self, process: Process) -> Path:
        return Layout(self.job.folder).freeze_mark(self.name, process.identity.pid)

    def _count_ooms(self, kills: int) -> None:
        if kills:
            self.oom_kills += kills
            self._tell(EventKind.OOM)
            self.changed()

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.changed()

    def _tell(self, kind: EventKind, *, exit_code: int | None = None, wanted: bool = False) -> None:
        self.history.append(kind, self.name, self.part.name, exit_code=exit_code, wanted=wanted)

    def to_plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "component": self.part.name,
            "state": self.state,
            "port": self.port,
            "release": self.edition.release,
            "identity": str(self.process.identity) if self.process else None,
            "limits": asdict(self.limits),
            "started_wall_s": self.started_wall_s,
            "restarts": self.restarts,
            "exit_code": self.exit_code,
            "oom_kills": self.oom_kills,
        }
