"""Ports: one locked block of 100 per lab, below the range that the kernel gives to clients.

A block is a lab's while somebody holds the flock on its file: first the command that claims it, then
the supervisor, which inherits the descriptor. The kernel frees it when the last holder dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import CannotRunHere
from labctl.runtimes.local.fixed import HOST

FIRST, LAST, SIZE = 20_000, 32_000, 100


@dataclass(frozen=True)
class Block:
    """A claimed block: `base` .. `base + 99`; `descriptor` is its lock."""

    base: int
    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


# Not `gettempdir()`: TMPDIR differs between sessions, and two sessions must see each other's locks.
TEMP = Path("/tmp")  # noqa: S108 (owner and mode of what is in it are checked)


def locks(temp: Path = TEMP) -> Path:
    """The folder of lock files, one per user and machine; CannotRunHere if it is not safely ours."""
    folder = temp / f"incident-lab-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise CannotRunHere(
            f"{folder} is not a folder that only this user can write", hint=f"remove {folder} and try again"
        )
    return folder


def claim(preferred: int | None, seed: str) -> Block:
    """Lock a block whose ports are all free, `preferred` if possible; else from a start that `seed` picks.

    CannotRunHere when none is free.
    """
    count = (LAST - FIRST) // SIZE
    start = sum(seed.encode()) % count
    bases = [FIRST + (start + step) % count * SIZE for step in range(count)]
    for base in [preferred, *bases] if preferred else bases:
        descriptor = os.open(locks() / f"{base}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        if all(is_free(port) for port in range(base, base + SIZE)):
            return Block(base, descriptor)
        os.close(descriptor)
    raise CannotRunHere(
        f"no block of {SIZE} free ports between {FIRST} and {LAST}", hint="end a lab: labctl down"
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Rotation:
    """Hands out the ports of a block in turn, so that a port just given back rests."""

    def __init__(self, first: int, end: int) -> None:
        self._turn = self._round(first, end)
        self._count = end - first

    @staticmethod
    def _round(first: int, end: int) -> Iterator[int]:
        while True:
            yield from range(first, end)

    def next(self, taken: Collection[int]) -> int:
        """A port that is free and not in `taken`; CannotRunHere when there is none."""
        for _ in range(self._count):
            port = next(self._turn)
            if port not in taken and is_free(port):
                return port
        raise CannotRunHere(f"all {self._count} ports of this lab's block are in use", hint="scale down")
