"""One client's connection through the wire: two sockets, two lanes, half-close and back-pressure."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import cast

from wire.lane import Lane

Dial = Callable[[Callable[[], asyncio.Protocol]], Coroutine[None, None, bool]]
"""Connects the protocol that it is given to a replica; False when none could be reached."""

_LINGER_NONE = struct.pack("ii", 1, 0)


class Side(asyncio.Protocol):
    """One of the two sockets: the source of `lane`, and the mouth of the other side's lane."""

    lane: Lane
    other: Side

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pauses = 0
        self._wrote_end = False
        self._early: list[bytes] | None = []  # to be written once there is a socket
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        early, self._early = self._early or [], None
        for data in early:
            self.transport.write(data)
        if self._wrote_end:
            self.write_end()
        self._connection.made(self)

    def data_received(self, data: bytes) -> None:
        self._connection.bytes += len(data)
        self.lane.feed(data)

    def eof_received(self) -> bool:
        self.lane.end()
        return not self._wrote_end  # half-closed, unless the other direction has ended too

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the other side gets all the same
        self.transport = None
        self.lane.end()
        self._connection.lost()

    def pause_writing(self) -> None:
        self.other.throttle(True)

    def resume_writing(self) -> None:
        self.other.throttle(False)

    def write(self, data: bytes) -> None:
        if self._early is not None:
            self._early.append(data)
        elif self.transport and not self.transport.is_closing():
            self.transport.write(data)

    def write_end(self) -> None:
        """Everything that the other side had to say has been written here."""
        self._wrote_end = True
        if not self.transport or self.transport.is_closing():
            return
        if self.lane.ended or not self.other.transport:
            self.transport.close()  # it sends what was written first
        else:
            self.transport.write_eof()

    def close(self) -> None:
        self._connection.close()

    def reset(self) -> None:
        self._connection.reset()

    def throttle(self, on: bool) -> None:
        """One reason more, or one less, not to read this socket."""
        self._pauses += 1 if on else -1
        if not self.transport or self.transport.is_closing():
            return
        if on and self._pauses == 1:
            self.transport.pause_reading()
        elif not on and self._pauses == 0:
            self.transport.resume_reading()


class Connection:
    """From the accepted client to the end of both sockets; `gone` is called once, at that end."""

    def __init__(self, dial: Dial, gone: Callable[[Connection], None]) -> None:
        self._dial = dial
        self._gone = gone
        self._dialling: asyncio.Task[None] | None = None
        self.bytes = 0  # read from both sides
        self.client = Side(self)
        self.replica = Side(self)
        self.client.other, self.replica.other = self.replica, self.client
        self.client.lane = self.upstream = Lane(self.replica, self.client.throttle)
        self.replica.lane = self.downstream = Lane(self.client, self.replica.throttle)

    def made(self, side: Side) -> None:
        if side is self.client:
            self._dialling = asyncio.get_running_loop().create_task(self._connect())
        elif not self.client.transport:
            self.reset()

    async def _connect(self) -> None:
        # Not in `connection_made`: uvloop starts reading after it, whatever it asked for.
        self.client.throttle(True)
        connected = await self._dial(lambda: self.replica)
        self.client.throttle(False)
        if not connected:
            self.reset()

    def lost(self) -> None:
        """A socket is closed; the other is closed once it has been sent what was on the way to it."""
        if not (self.client.transport or self.replica.transport):
            self._abandon()

    def close(self) -> None:
        """Send what was written, then close both sockets."""
        for side in (self.client, self.replica):
            if side.transport:
                side.transport.close()

    def abort(self) -> None:
        """Close both sockets now."""
        for side in (self.client, self.replica):
            if side.transport:
                side.transport.abort()

    def reset(self) -> None:
        """Close both sockets so that their peers see a reset."""
        for side in (self.client, self.replica):
            if side.transport:
                plain: socket.socket = side.transport.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.abort()

    def _abandon(self) -> None:
        if self._dialling:
            self._dialling.cancel()
        self.upstream.abandon()
        self.downstream.abandon()
        self._gone(self)
