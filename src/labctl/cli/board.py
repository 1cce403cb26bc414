"""The board: a run of proofs as it happens, in order though several labs work, with a line per attempt."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labctl.cli.proofs import print_check
from labctl.cli.terminal import colourful, say
from labctl.clock import duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from labctl.cli.narrate import Narrator
    from labctl.lab.journal import Event
    from labctl.proof import Check, Proof
    from labctl.proving.plan import Part, Task


@dataclass
class _Page:
    """What one attempt has said so far, kept until it is its turn."""

    part: "Part"
    head: str = ""
    lines: list[Callable[[], None]] = field(default_factory=list)
    over: bool = False


class Board:
    """Writes checks in the plan's order: the first attempt that is not over at once, others when it is.

    On a terminal a line per running attempt shows beneath, and is gone at the end.
    """

    def __init__(self, tasks: "list[Task]", *, write: Callable[[str], None], verbose: bool) -> None:
        self._write, self._verbose = write, verbose
        self._turn = threading.RLock()
        self._pages = [_Page(part) for task in tasks for part in task.parts]
        for task in tasks:
            first = next(page for page in self._pages if page.part is task.parts[0])
            again = f", run {task.run}" if task.run > 1 else ""
            first.head = f"{task.scenario.id} ({task.scenario.code}){again}"
        self._last = {id(task.parts[-1]) for task in tasks}
        self._narrators: dict[int, Narrator] = {}
        self._progress: Progress | None = None
        self._running: dict[int, TaskID] = {}

    def __enter__(self) -> "Board":
        if sys.stderr.isatty() and colourful(sys.stderr):
            self._progress = _progress()
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._turn:
            for page in self._pages:  # what was cut short is told as far as it went
                self._flush(page)
        if self._progress:
            self._progress.stop()

    def begins(self, part: "Part", lab: str) -> None:
        with self._turn:
            if self._progress:
                from rich.markup import escape

                label = escape(f"{lab}  {part.scenario.id}  {part.name}")
                self._running[id(part)] = self._progress.add_task(label, total=part.cost_s, said="begins")
            if self._pages[0].part is part:
                self._advance()

    def checked(self, part: "Part", check: "Check") -> None:
        with self._turn:
            self._show(part, f"{check.phase} {check.name}: {check.outcome}")
            self._put(part, lambda: print_check(check, self._write))

    def happened(self, part: "Part", event: "Event") -> None:
        from labctl.cli.narrate import Narrator

        with self._turn:
            self._show(part, event.kind)
            if self._verbose:
                narrator = self._narrators.setdefault(
                    id(part), Narrator(spoilers=True, write=lambda text: self._put(part, lambda: say(text)))
                )
                narrator(event)

    def ended(self, part: "Part") -> None:
        with self._turn:
            if self._progress and id(part) in self._running:
                self._progress.remove_task(self._running.pop(id(part)))
            if id(part) not in self._last:  # a task's last page is open until the task is concluded
                self._page(part).over = True
            self._advance()

    def concluded(self, task: "Task", proof: "Proof") -> None:
        """Parts that were never tried, since an earlier one broke, keep nobody waiting."""
        with self._turn:
            for part in task.parts:
                self._page(part).over = True
            self._put(task.parts[-1], lambda: _closing(proof, self._write))
            self._advance()

    def _put(self, part: "Part", line: Callable[[], None]) -> None:
        self._page(part).lines.append(line)
        self._advance()

    def _advance(self) -> None:
        """Tell all that it is the turn of."""
        while self._pages:
            front = self._pages[0]
            self._flush(front)
            if not front.over or len(self._pages) == 1:
                return
            self._pages.pop(0)

    def _flush(self, page: _Page) -> None:
        if page.lines and page.head:
            self._write(page.head)
            page.head = ""
        while page.lines:
            page.lines.pop(0)()

    def _page(self, part: "Part") -> _Page:
        """Its page; the last one told where it is told already."""
        return next((page for page in self._pages if page.part is part), self._pages[0])

    def _show(self, part: "Part", said: str) -> None:
        if self._progress and id(part) in self._running:
            from rich.markup import escape

            self._progress.update(self._running[id(part)], said=escape(said))


def _closing(proof: "Proof", write: Callable[[str], None]) -> None:
    """The checks that belong to no attempt: that the lab came back as it ships."""
    for check in proof.checks:
        if check.phase == "reset":
            print_check(check, write)
    write(f"        {duration(proof.took_s)}, all attempts of {proof.scenario} together")


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}  [dim]{task.fields[said]}", markup=True),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        get_time=time.monotonic,
    )
