"""A process is meant by pid and start time; nobody else who has its pid is touched."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labctl.runtimes.local.identity import Identity
from tests.runtimes.subjects import eventually


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


def test_a_process_that_took_over_a_pid_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    """The same pid with another start time is a stranger."""
    identity = Identity.of(sleeper.pid)
    assert identity
    stranger = Identity(sleeper.pid, str(int(identity.start) - 1))
    assert (stranger.lives(), stranger.send(signal.SIGKILL), stranger.tree()) == (False, False, [])
    assert sleeper.poll() is None


def test_a_corpse_does_not_live(sleeper: subprocess.Popen[bytes]) -> None:
    """A killed process that nobody has collected yet is gone."""
    identity = Identity.of(sleeper.pid)
    assert identity
    assert identity.send(signal.SIGKILL)
    eventually(lambda: not identity.lives(), "gone")


def test_an_identity_survives_being_written_down(sleeper: subprocess.Popen[bytes]) -> None:
    """What one command writes, another understands."""
    identity = Identity.of(sleeper.pid)
    assert identity
    assert Identity.parse(str(identity)) == identity


def test_a_signal_to_the_tree_reaches_grandchildren() -> None:
    """Killing a replica leaves none of what it started."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        identity = Identity.of(parent.pid)
        assert identity
        tree = eventually(lambda: tree if len(tree := identity.tree()) == 2 else None, "a child")
        assert tree
        identity.send_tree(signal.SIGKILL)
        eventually(lambda: not any(each.lives() for each in tree), "all gone")
