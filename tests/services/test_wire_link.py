"""labctl's `link` action on the wire as a process: what clients of the link feel, and that undo ends it."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from sys import executable
from typing import Any, NamedTuple

import httpx
import pytest

from labctl.actions import steps
from labctl.actions.change import Change, Role
from labctl.actions.perform import perform, undo
from labctl.lab.lab import Lab
from labctl.lab.links import heal_links
from labctl.runtimes.base import Address
from tests.lab import double
from tests.services.parts import SERVICES, Process, eventually, free_port

pytestmark = pytest.mark.integration

LINK = "catalog-cache"
PATIENCE_S = 5.0


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections are cut here on purpose."""


class Wired(NamedTuple):
    """A lab whose link runs through a real wire, to a server that echoes."""

    lab: Lab
    port: int
    api: str

    def disturb(self, **parameters: Any) -> Change:
        step = steps.parse({"link": {"name": LINK, **parameters}})
        return perform(self.lab, step, role=Role.FAULT, by="lab")

    def toxics(self) -> Any:
        return httpx.get(f"{self.api}/proxies/{LINK}", trust_env=False).json()["toxics"]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def process(echo: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The wire; where its link listens and where its API does."""
    folder, port, api = tmp_path_factory.mktemp("wire"), free_port(), free_port()
    environment = {
        "PYTHONPATH": str(SERVICES),
        "SETTINGS_DIR": str(folder),
        "LISTEN_HOST": "127.0.0.1",
        "SERVICE_PORT": str(api),
        "PROXIES": f"{LINK}={port}>127.0.0.1:{echo}",
    }
    wire = Process([executable, "-m", "wire"], folder / "log", environment)
    wire.start()
    try:
        eventually(lambda: httpx.get(f"http://127.0.0.1:{api}/version").is_success, what="the wire is ready")
        yield port, api
    finally:
        wire.end(9)


@pytest.fixture
def wired(process: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    lab, runtime = double.lab(tmp_path, monkeypatch)
    port, api = process
    runtime.addresses["wire"] = Address("127.0.0.1", api)
    yield Wired(lab, port, f"http://127.0.0.1:{api}")
    heal_links(lab)


def ask(client: socket.socket, data: bytes = b"hello") -> float:
    """Send and await the echo of it; how long that took, in seconds."""
    began = time.monotonic()
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        more = client.recv(len(data) - len(got))
        assert more, "the connection has ended"
        got += more
    assert got == data
    return time.monotonic() - began


def test_latency_is_felt_by_old_and_new_connections_until_it_is_undone(wired: Wired) -> None:
    """A pool's connections are old ones."""
    with wired.connect() as old:
        ask(old)
        change = wired.disturb(latency="150ms")
        assert ask(old) >= 0.149
        with wired.connect() as new:
            assert ask(new) >= 0.149
        undo(wired.lab, change)
        assert ask(old) < 0.149


def test_undo_lets_go_of_what_was_held_at_once(wired: Wired) -> None:
    """Bytes that would have waited an hour arrive in order, and the undo does not wait for them."""
    with wired.connect() as client:
        ask(client)
        change = wired.disturb(latency="1h")
        client.sendall(b"held")
        began = time.monotonic()
        undo(wired.lab, change)
        assert time.monotonic() - began < PATIENCE_S
        assert client.recv(100) == b"held"
        ask(client)


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_a_stopped_link_is_taken_up_again(wired: Wired, stream: str) -> None:
    """bandwidth 0 holds everything back, loses nothing, and its undo does not hang."""
    with wired.connect() as client:
        ask(client)
        change = wired.disturb(bandwidth=0, stream=stream)
        client.sendall(b"x" * 100_000)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(PATIENCE_S)
        undo(wired.lab, change)
        left = 100_000
        while left:
            got = len(client.recv(left))
            assert got
            left -= got


def test_a_link_that_is_down_refuses_and_cuts(wired: Wired) -> None:
    """Both those who are there and those who come; afterwards it listens where it did."""
    with wired.connect() as client:
        ask(client)
        change = wired.disturb(down=True)
        assert client.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            wired.connect()
    undo(wired.lab, change)
    with wired.connect() as client:
        ask(client)


def test_a_timeout_swallows_and_its_undo_ends_the_connections(wired: Wired) -> None:
    """A stream with a hole in it must not go on; the next one is whole."""
    with wired.connect() as client:
        ask(client)
        change = wired.disturb(timeout="0s")
        client.sendall(b"into the void")
        undo(wired.lab, change)
        assert client.recv(100) == b""
    with wired.connect() as client:
        ask(client)


def test_connections_are_reset(wired: Wired) -> None:
    """The client sees a reset, not an orderly end."""
    with wired.connect() as client:
        wired.disturb(reset_peer="0s", stream="upstream")
        client.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_a_connection_ends_after_its_share_of_bytes(wired: Wired) -> None:
    """Exactly so many arrive."""
    wired.disturb(limit_data=7)
    with wired.connect() as client:
        client.sendall(b"0123456789")
        got = b""
        while more := client.recv(100):
            got += more
        assert got == b"0123456"


def test_pieces_lose_nothing(wired: Wired) -> None:
    """A slice every millisecond: 2 KB in pieces of about 100 bytes take at least 15 ms."""
    wired.disturb(slicer=100, variation=20, pause="1ms")
    with wired.connect() as client:
        assert ask(client, bytes(range(256)) * 8) >= 0.015


def test_an_end_arrives_late(wired: Wired) -> None:
    """Its bytes do not."""
    wired.disturb(slow_close="400ms")
    with wired.connect() as client:
        ask(client)
        began = time.monotonic()
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert time.monotonic() - began >= 0.399


def test_a_reset_of_the_lab_finds_nothing_left(wired: Wired) -> None:
    """It needs no undo: links are made whole as one."""
    wired.disturb(latency="50ms")
    wired.disturb(down=True)
    heal_links(wired.lab)
    assert wired.toxics() == []
    with wired.connect() as client:
        ask(client)
