"""The wire as a process: its environment, its readiness, its end."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from sys import executable

import httpx
import pytest

from tests.services.parts import SERVICES, Process, eventually, free_port
from wire.__main__ import declared


class _SlowEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(100):
            time.sleep(0.2)
            self.request.sendall(data)


@pytest.fixture
def slow_echo() -> Iterator[int]:
    """The port of a server that takes 0.2 s to echo."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _SlowEcho) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_proxies_are_declared_in_one_line() -> None:
    """`name=port>host:port`, as the compose file writes it."""
    assert declared("front=8080>edge:8000 a-b=6101>postgres:5432") == [
        ("front", 8080, "edge:8000"),
        ("a-b", 6101, "postgres:5432"),
    ]


@pytest.mark.parametrize("text", ["front", "front=8080", "front=x>edge:8000", "front=8080>edge"])
def test_a_proxy_that_cannot_be_read_is_named(text: str) -> None:
    """A wrong PROXIES ends the process with the word it could not read."""
    with pytest.raises(SystemExit, match=text):
        declared(text)


@pytest.mark.integration
def test_sigterm_lets_the_answer_through_and_accepts_no_more(slow_echo: int, tmp_path: Path) -> None:
    """What is on its way arrives; nothing new is accepted; the process exits 0 soon."""
    port, api = free_port(), free_port()
    environment = {
        "PYTHONPATH": str(SERVICES),
        "SETTINGS_DIR": str(tmp_path),
        "LISTEN_HOST": "127.0.0.1",
        "SERVICE_PORT": str(api),
        "PROXIES": f"link={port}>127.0.0.1:{slow_echo}",
    }
    process = Process([executable, "-m", "wire"], tmp_path / "log", environment)
    process.start()
    try:
        eventually(lambda: httpx.get(f"http://127.0.0.1:{api}/version").is_success, what="the wire is ready")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hello"
            client.sendall(b"again")
            eventually(lambda: _sent(api), what="the wire is quiet but for us")
            began = time.monotonic()
            assert process.child
            process.child.terminate()
            eventually(lambda: _refused(port), what="new connections are refused")
            assert client.recv(100) == b"again"
            assert process.end() == 0
            assert time.monotonic() - began < 4  # 2 s, and a busy machine
    finally:
        process.end(9)


def _sent(api: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{api}/proxies/link").is_success


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False
