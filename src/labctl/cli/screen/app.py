"""The live screen as a Textual app: one canvas, one prompt, and threads that may hang without harm."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Input

from labctl.cli.errors import INTERRUPTED, OK
from labctl.cli.screen.canvas import Canvas
from labctl.cli.screen.driving import Driving
from labctl.cli.screen.frame import View, frame
from labctl.cli.screen.keys import KEYS, Key, help_lines, valid, why_not
from labctl.cli.screen.line import Line
from labctl.cli.screen.story import Story
from labctl.clock import SystemClock
from labctl.desk.snapshot import Snapshot
from labctl.errors import LabError

if TYPE_CHECKING:
    from labctl.desk.sampler import Sampler
    from labctl.lab.journal import Event

LOOK_EVERY_S = 0.5
_PAGE = 5  # lines of the log that one press of PgUp or PgDn moves


class LiveScreen(App[int]):
    """Shows a lab until the person leaves; the result is an exit code. `failure` is what ended it instead."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; layers: below above; }
    Canvas { width: 100%; height: 100%; background: ansi_default; color: ansi_default; layer: below; }
    Input { layer: above; dock: bottom; height: 1; border: none; padding: 0 1; display: none; }
    Input, Input:focus { background: ansi_default; color: ansi_default; border: none; }
    """
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None  # keys are the screen's own until words are wanted
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]

    class Fresh(Message):
        """The lab was looked at again."""

        def __init__(self, snapshot: Snapshot, journal: Sequence[Event]) -> None:
            super().__init__()
            self.snapshot, self.journal = snapshot, journal

    class Answered(Message):
        """A key's work is done, and this came of it; with `asks` it is a question before the work."""

        def __init__(self, text: str, asks: Key | None = None) -> None:
            super().__init__()
            self.text, self.asks = text, asks

    class Driven(Message):
        """The drill has ended, or its driver has failed."""

    def __init__(
        self, name: str, open_: Callable[[], Sampler], story: Story, driving: Driving | None = None
    ) -> None:
        """`open_` opens the lab called `name`: in a thread, so that the first frame need not wait for it."""
        super().__init__(ansi_color=True)
        self.failure: Exception | None = None
        self.snapshot = Snapshot(name, SystemClock().wall())
        self._open, self._story, self._driving = open_, story, driving
        self._sampler: Sampler | None = None
        self._asking: tuple[Key, str] | None = None  # a yes is wanted to this question
        self._prompting: Key | None = None  # words are wanted
        self._helping = False
        self._scroll = 0
        self._looks_left = 0  # until the farewell, where one is due
        self._gone = threading.Event()
        self.measure: Callable[[], tuple[int, int] | None] = lambda: None  # the terminal, if it is one

    def compose(self) -> ComposeResult:
        yield Canvas(self._frame)
        yield Input(id="prompt", select_on_focus=False)

    def on_mount(self) -> None:
        self.query_one(Input).can_focus = False
        for each in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(each, self.exit, 128 + each)
        self._fit()
        self.set_interval(LOOK_EVERY_S, self._fit)
        threading.Thread(target=self._look, name="looking", daemon=True).start()
        if self._driving:
            self._driving.start(lambda: self.post_message(self.Driven()))

    def _fit(self) -> None:
        """Be as large as the terminal says that it is: Textual believes COLUMNS and LINES before it, which
        may be another terminal's, and a size that was told while nobody listened is told once."""
        told = self.measure()
        if told and told != self.size:
            self.post_message(events.Resize(Size(*told), Size(*told)))

    def on_unmount(self) -> None:
        self._gone.set()
        if self._sampler:
            self._sampler.stop()

    def _look(self) -> None:
        """Put snapshots together, outside the loop that answers the keys."""
        try:
            self._sampler = sampler = self._open()
            sampler.start()
            while not self._gone.is_set():
                self.post_message(self.Fresh(sampler.snapshot(), sampler.events()))
                self._gone.wait(LOOK_EVERY_S)
        except Exception as error:  # noqa: BLE001 — raised again by whoever opened the screen
            self._fail(error)

    def on_live_screen_fresh(self, message: Fresh) -> None:
        self.snapshot = message.snapshot
        before = len(self._story.lines)
        self._story.hear(message.journal)
        if self._scroll:
            self._scroll += len(self._story.lines) - before
        self._looks_left -= 1
        if not self._looks_left:
            self._story.add("Press q to leave the screen; what happened follows.", self.snapshot.wall_s)
        self._draw()

    def on_live_screen_answered(self, message: Answered) -> None:
        if message.asks:
            self._asking = (message.asks, message.text)
            self._draw()
        else:
            self._tell(message.text)

    def on_live_screen_driven(self) -> None:
        if self._driving and self._driving.error:
            self.failure = self._driving.error
            self.exit(OK)
            return
        self._looks_left = 2  # after the drill's last events, which the look under way may not have yet

    def _frame(self, width: int, height: int) -> Sequence[Line]:
        view = View(
            self.snapshot,
            self._story.lines,
            keys=[(key.key, key.label) for key in valid(self.snapshot)],
            scroll=self._scroll,
            answer=self._story.answer,
            help=help_lines(self.snapshot) if self._helping else (),
            question=self._asking[1] if self._asking else "",
        )
        return frame(view, width, height)

    def _tell(self, text: str) -> None:
        self._story.reply(text, self.snapshot.wall_s)
        self._draw()

    def _draw(self) -> None:
        self.query_one(Canvas).changed()

    def on_key(self, event: events.Key) -> None:
        prompt = self.query_one(Input)
        if prompt.display:
            if event.key == "escape":
                self._close_prompt()
            return
        self._story.settle()
        if self._asking:
            (asked, _), self._asking = self._asking, None
            if event.character in ("y", "Y"):
                self._run(asked, "")
        elif event.key in ("pageup", "pagedown", "end"):
            self._page(event.key)
        elif event.character == "?":
            self._helping = not self._helping
        elif event.character == "q":
            self.action_leave()
        else:
            self._press(event.character or "")
        self._draw()

    def _page(self, key: str) -> None:
        step = {"pageup": _PAGE, "pagedown": -_PAGE}.get(key, -self._scroll)
        self._scroll = max(0, min(len(self._story.lines) - 1, self._scroll + step))

    def _press(self, character: str) -> None:
        self._helping = False
        key = next((key for key in KEYS if key.key == character and key.run), None)
        if key is None or key.run is None:
            return
        if reason := why_not(self.snapshot, key):
            self._tell(f"{key.key} ({key.label}) does nothing now: {reason}")
        elif key.prompt:
            self._open_prompt(key)
        elif key.question:
            self._work(key, key.question, asks=key)
        else:
            self._run(key, "")

    def _open_prompt(self, key: Key) -> None:
        prompt = self.query_one(Input)
        self._prompting = key
        prompt.placeholder, prompt.value = key.prompt, ""
        prompt.can_focus = True
        prompt.display = True
        prompt.focus()

    def _close_prompt(self) -> None:
        prompt = self.query_one(Input)
        prompt.display = False
        prompt.can_focus = False
        self.set_focus(None)
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._close_prompt()
        if self._prompting and event.value.strip():
            self._run(self._prompting, event.value.strip())

    def _run(self, key: Key, text: str) -> None:
        run = key.run
        self._story.expect(key.told)
        if run:
            self._work(key, lambda desk: run(desk, text))

    def _work(self, key: Key, work: Callable[[Sampler], str], *, asks: Key | None = None) -> None:
        """Do it in a thread of its own; what comes of it, or goes wrong, is shown."""
        sampler = self._sampler
        if sampler is None:
            return

        def works() -> None:
            try:
                message = self.Answered(work(sampler), asks)
            except LabError as error:
                message = self.Answered(
                    "\n".join((error.message, f"next: {error.hint}" if error.hint else ""))
                )
            except Exception as error:  # noqa: BLE001 — raised again by whoever opened the screen
                self._fail(error)
                return
            if message.text:
                self.post_message(message)

        threading.Thread(target=works, name=f"key-{key.key}", daemon=True).start()

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self.call_later(self.exit, OK)

    def action_leave(self) -> None:
        self.exit(OK)

    def action_interrupt(self) -> None:
        self.exit(INTERRUPTED)
