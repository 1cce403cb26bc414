"""Running a program that takes long: its last words are kept for the error, its progress is told."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labctl.clock import Clock, SystemClock
from labctl.errors import CannotRunHere

EVERY_S = 5.0
"""At most this often is progress told."""

Narrate = Callable[[str], None]


def run(
    argv: Sequence[str],
    what: str,
    narrate: Narrate,
    *,
    telling: Callable[[str], bool] = lambda line: bool(line.strip()),
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> None:
    """Run to the end, telling now and then what it says; CannotRunHere with its last words if it fails."""
    clock = clock or SystemClock()
    last: deque[str] = deque(maxlen=12)
    told = clock.now()
    try:
        running = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise CannotRunHere(f"could not {what}: {Path(argv[0]).name}: {error.strerror}") from None
    with running:
        assert running.stdout is not None
        for raw in running.stdout:
            line = raw.rstrip()
            last.append(line)
            if telling(line) and clock.now() - told >= EVERY_S:
                told = clock.now()
                narrate(f"{what}: {line[:90]}")
    if running.returncode:
        raise CannotRunHere(f"could not {what}:\n  " + "\n  ".join(last))


def says(argv: Sequence[str], *, timeout_s: float = 10.0) -> str | None:
    """What a quick program prints, stripped; None when it fails, hangs or is not there."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
