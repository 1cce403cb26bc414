"""Blocks of ports: one per lab, locked, tried out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from labctl.errors import CannotRunHere
from labctl.runtimes.local import ports


def test_two_claims_never_share_a_block() -> None:
    """A block that somebody holds is not given again, not even to one that prefers it."""
    first = ports.claim(None, "a")
    second = ports.claim(first.base, "a")
    try:
        assert abs(first.base - second.base) >= ports.SIZE
    finally:
        first.release()
        second.release()


def test_a_released_block_can_be_had_again() -> None:
    """A lab whose supervisor died gets its old ports back."""
    first = ports.claim(None, "b")
    first.release()
    again = ports.claim(first.base, "elsewhere")
    again.release()
    assert again.base == first.base


def test_a_block_with_a_busy_port_is_passed_over() -> None:
    """Somebody else's server in a block means another block."""
    first = ports.claim(None, "c")
    first.release()
    with socket.socket() as server:
        server.bind(("127.0.0.1", first.base + 42))
        server.listen()
        other = ports.claim(first.base, "c")
        other.release()
    assert other.base != first.base


def test_blocks_lie_below_the_ports_of_clients() -> None:
    """No port of a block is one that the kernel hands to outgoing connections."""
    block = ports.claim(None, "d")
    block.release()
    assert block.base >= ports.FIRST
    assert block.base + ports.SIZE <= ports.LAST < 32_768


@pytest.mark.parametrize("make", ["link", "open"])
def test_a_lock_folder_that_others_could_write_is_refused(tmp_path: Path, make: str) -> None:
    """A folder planted in /tmp by somebody else is not trusted."""
    folder = ports.locks(tmp_path)
    folder.rmdir()
    if make == "link":
        folder.symlink_to(tmp_path)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    with pytest.raises(CannotRunHere, match="only this user"):
        ports.locks(tmp_path)


def test_a_port_given_back_rests() -> None:
    """Ports come in turn, those in use left out; when all are in use, that is said."""
    block = ports.claim(None, "e")
    try:
        rotation = ports.Rotation(block.base, block.base + 3)
        turn = [rotation.next({block.base + 1}) - block.base for _ in range(3)]
        assert turn == [0, 2, 0]
        with pytest.raises(CannotRunHere, match="all 3 ports"):
            rotation.next({block.base, block.base + 1, block.base + 2})
    finally:
        block.release()
