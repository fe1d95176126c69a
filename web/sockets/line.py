"""A client's line: frames written straight to the transport, and the little that must be known of its state."""

import asyncio
import socket
from collections.abc import Generator
from typing import cast

from hypercorn.asyncio.tcp_server import TCPServer
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Message

from web.protocol.frames import PING
from web.sockets.gate import Plumbing

CONGESTED_BYTES = 64 * 1024
"""Bytes the transport may hold for a client; with the kernel's buffer beneath, all that is ever on its way."""
KERNEL_BUFFER_BYTES = 128 * 1024
UNREAD_BYTES = 512 * 1024
"""Of messages that wait to be read: nobody reads while a token is looked up or a session begins."""
CLOSE_GRACE_S = 2.0
"""Time for a client to take its leave before the connection is cut."""


class _Listening(Connection):
    """Remembers that something was heard, since Hypercorn shows pongs to nobody; takes no message after our goodbye.

    Nor more than may wait: Quart's queue has no end, and whoever has shown nothing yet could fill the memory with it.
    """

    heard = True
    unread = 0
    """Bytes, or characters, that nobody has read yet."""
    flooded = False
    """Whether messages were left out since too many waited."""
    parting = False
    """Whether we have said goodbye: no frame may follow."""

    def send(self, event: Event) -> bytes:
        if isinstance(event, CloseConnection):
            self.parting = True
        return super().send(event)

    def receive_data(self, data: bytes | None) -> None:
        self.heard = True
        super().receive_data(data)

    def events(self) -> Generator[Event, None, None]:
        for event in super().events():
            if not isinstance(event, Message) or self._takes(len(event.data)):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - text or bytes
                yield event

    def _takes(self, size: int) -> bool:
        self.flooded = self.flooded or self.unread + size > UNREAD_BYTES
        if self.parting or self.flooded:
            return False
        self.unread += size
        return True


class SocketLine:
    """Writes frames for one client, past Hypercorn's coroutines: 7 µs a write instead of 17, and nothing to await.

    Frames are the same whoever writes them, since there is no compression; the transport says how much of them still
    waits, so a client that does not read is seen before it costs memory.
    """

    __slots__ = ("_connection", "_deadline", "_transport", "closing", "silent_rounds")

    def __init__(self, plumbing: Plumbing, deadline: asyncio.Timeout) -> None:
        """To be made after the handshake; ``deadline`` is the handler's, which it wakes to close."""
        self._connection = _Listening(ConnectionType.SERVER)
        plumbing.stream.connection = self._connection
        self._transport = _transport(plumbing.server)
        self._deadline: asyncio.Timeout | None = deadline
        self.closing: tuple[int, str] | None = None
        self.silent_rounds = 0

    @property
    def congested(self) -> bool:
        return self._transport.get_write_buffer_size() > CONGESTED_BYTES

    @property
    def flooded(self) -> bool:
        """Whether the client sent more than may wait, so that messages were left out."""
        return self._connection.flooded

    @property
    def unread(self) -> int:
        """Bytes, or characters, of its messages that wait."""
        return self._connection.unread

    def taken(self, message: str | bytes | None) -> None:
        """A message was read; Quart makes ``None`` of an empty one."""
        self._connection.unread -= len(message or "")

    def offer(self, frames: bytes) -> bool:
        transport = self._transport
        if transport.get_write_buffer_size() > CONGESTED_BYTES:
            return False
        if not (self._connection.parting or transport.is_closing()):
            transport.write(frames)
        return True

    def write(self, frames: bytes) -> None:
        if not (self._connection.parting or self._transport.is_closing()):
            self._transport.write(frames)

    def close(self, code: int, reason: str) -> None:
        """Wakes the handler, which says goodbye and returns; a client that does not answer is cut off."""
        if self.closing is None and self._deadline is not None:
            self.closing = (code, reason)
            loop = asyncio.get_running_loop()
            self._deadline.reschedule(loop.time())
            loop.call_later(CLOSE_GRACE_S, self._transport.abort)

    def hang_up(self) -> None:
        """The handler is about to return; nobody needs to be woken any more."""
        self._deadline = None

    def listen(self) -> int:
        if self._connection.heard:
            self._connection.heard = False
            self.silent_rounds = 0
        else:
            self.silent_rounds += 1
        self.write(PING)
        return self.silent_rounds


def _transport(server: TCPServer) -> asyncio.Transport:
    transport = cast("asyncio.Transport", server.writer.transport)
    connection: socket.socket = transport.get_extra_info("socket")
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
    return transport
