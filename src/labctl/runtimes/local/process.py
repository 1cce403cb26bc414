"""One child process of the supervisor: started with everything set before its program runs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import RuntimeFailed
from labctl.runtimes.local.identity import Identity

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


@dataclass(frozen=True)
class Launch:
    """How a program is started and ended."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    orphan_signal: int = signal.SIGKILL  # what the kernel sends it when the supervisor dies


class Process:
    """A running program in a session of its own, its output appended to a file."""

    def __init__(self, launch: Launch, *, log: Path, nice: int, cgroups: Sequence[Path] = ()) -> None:
        self.launch = launch
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                launch.argv,
                env=dict(launch.environment),
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe although it runs between fork and exec: only system calls, and the supervisor
                # has no other thread while it starts a child, save one that prepares a database.
                preexec_fn=_settle(launch, nice, cgroups),  # noqa: PLW1509
            )
        identity = Identity.of(self._child.pid)
        # A child that has ended already has no identity any more; nobody will signal this one.
        self.identity = identity or Identity(self._child.pid, "ended")

    def exit_code(self) -> int | None:
        """The exit code as a container reports it (128 + signal), once; None while it runs.

        What is left of its process group ends with it. The corpse is collected only after that, so
        that the group's number cannot have become somebody else's.
        """
        if os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left but the corpse
            os.killpg(self._child.pid, signal.SIGKILL)
        code = self._child.wait()
        return 128 - code if code < 0 else code

    def stop(self) -> None:
        """Ask it to end; a frozen process is thawed, or it would never hear."""
        self.identity.send(self.launch.stop_signal)
        self.identity.send_tree(signal.SIGCONT)

    def kill(self) -> None:
        self.identity.send_tree(signal.SIGKILL)


def _settle(launch: Launch, nice: int, cgroups: Sequence[Path]) -> Callable[[], None]:
    """What the child does to itself before it becomes its program."""
    supervisor = os.getpid()
    account = pwd.getpwnam(launch.user) if launch.user else None
    doors = [os.fsencode(path / "cgroup.procs") for path in cgroups]

    def settle() -> None:
        for door in doors:
            descriptor = os.open(door, os.O_WRONLY)
            os.write(descriptor, b"0")
            os.close(descriptor)
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
        if account:
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        if _libc:  # after the change of user, which clears it
            _libc.prctl(_PR_SET_PDEATHSIG, launch.orphan_signal, 0, 0, 0)
            if os.getppid() != supervisor:
                os._exit(1)

    return settle


def unprivileged(name: str) -> str | None:
    """The user to run a program as that refuses to be root: None when this is not root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        raise RuntimeFailed(f"there is no user {name!r} on this machine to run its program as") from None
