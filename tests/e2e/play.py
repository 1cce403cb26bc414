"""Playing a drill as a person does: a screen on a pseudo-terminal, keys, and commands typed elsewhere."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pexpect
import pyte

from labctl.clock import await_until
from tests.e2e.terminal import CLOCK, LABCTL, Done, Terminal, environment_of

COLUMNS, ROWS = 80, 24


@dataclass
class Player:
    """One `labctl …` on a terminal of its own: reads its screen, presses its keys."""

    process: pexpect.spawn[bytes]
    screen: pyte.Screen
    stream: pyte.ByteStream

    @property
    def lines(self) -> list[str]:
        """The screen as it is now, of whatever size."""
        self._read()
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The same on one line, wherever it was wrapped."""
        return " ".join(" ".join(self.lines).split())

    @property
    def keys(self) -> list[str]:
        """The footer's."""
        return self.lines[-1].split()[::2]

    def sees(self, *texts: str, within_s: float = 60.0) -> None:
        """Wait until all of them are on the screen at once."""
        await_until(
            lambda: all(text in self.text for text in texts),
            what=f"{texts} on the screen",
            within_s=within_s,
            clock=CLOCK,
            every_s=0.1,
            last_seen=lambda: "\n" + "\n".join(self.lines),
        )

    def presses(self, keys: str) -> None:
        self.process.send(keys)

    def ends(self, *, within_s: float = 60.0) -> int:
        """The exit code, once it has ended; what it printed last is then on the screen."""
        await_until(lambda: not self._alive(), what="the end", within_s=within_s, clock=CLOCK, every_s=0.1)
        self._read()
        self.process.close()
        code = self.process.exitstatus
        assert code is not None, f"ended by signal {self.process.signalstatus}"
        return code

    def kill(self) -> None:
        """`kill -9`: the terminal is gone, and nothing was tidied up."""
        self.process.kill(signal.SIGKILL)
        self.process.close(force=True)

    def _alive(self) -> bool:
        self._read()
        return self.process.isalive()

    def _read(self) -> None:
        while not self.process.closed:
            try:
                self.stream.feed(self.process.read_nonblocking(65536, timeout=0.05))
            except (pexpect.TIMEOUT, pexpect.EOF):
                return


@contextmanager
def plays(
    terminal: Terminal, *words: str, columns: int = COLUMNS, rows: int = ROWS, **environment: str
) -> Iterator[Player]:
    """`labctl WORDS…` on a terminal of this size; killed at the end if it still runs."""
    inherited = {**environment_of(terminal.home), "TERM": "xterm-256color", **environment}
    process: pexpect.spawn[bytes] = pexpect.spawn(
        LABCTL[0],
        [*LABCTL[1:], *words],
        dimensions=(rows, columns),
        env=inherited,
        cwd=str(terminal.home),
        encoding=None,
    )
    screen = pyte.Screen(columns, rows)
    player = Player(process, screen, pyte.ByteStream(screen))
    try:
        yield player
    finally:
        if process.isalive():
            player.kill()


def acts(terminal: Terminal, *words: str) -> Done:
    """A command typed in a second terminal, which must succeed."""
    done = terminal.types(*words)
    assert done.code == 0, done.err
    return done
