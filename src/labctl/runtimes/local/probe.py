"""Is it ready? One short question to a loopback port, and how the answer must begin."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from labctl.runtimes.local.fixed import HOST


@dataclass(frozen=True)
class Probe:
    """What to say, and how the answer of one that can serve begins; nothing to say: connecting is enough."""

    say: bytes = b""
    expect: tuple[bytes, ...] = (b"",)
    every_s: float = 0.5  # once it is ready
    timeout_s: float = 1.0
    until_end: bool = False  # the program ends the conversation

    @classmethod
    def named(cls, ready: str, *, every_s: float = 0.5) -> Probe:
        """The probe that `x-lab.ready` asks for: an HTTP path that must answer 200, or `tcp`."""
        if ready == "tcp":
            return cls(every_s=every_s)
        request = f"GET {ready} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
        return cls(request.encode(), (b"HTTP/1.1 200 ", b"HTTP/1.0 200 "), every_s, until_end=True)

    async def succeeds(self, port: int) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._ask(port)
        except OSError:  # refused, reset, and TimeoutError
            return False

    async def _ask(self, port: int) -> bool:
        loop = asyncio.get_running_loop()
        with socket.socket() as connection:
            connection.setblocking(False)
            await loop.sock_connect(connection, (HOST, port))
            if not self.say:
                return True
            await loop.sock_sendall(connection, self.say)
            answer = await loop.sock_recv(connection, 65_536)
            fine = bool(answer) and answer.startswith(self.expect)
            while answer and self.until_end:  # hanging up in the middle would litter the program's log
                answer = await loop.sock_recv(connection, 65_536)
            return fine
