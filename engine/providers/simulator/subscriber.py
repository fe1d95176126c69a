"""One client of the live feed as the exchange sees it: what it subscribed, what waits for it, how it is to end."""

from collections import deque
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from engine.providers.simulator.packets import Mode

PACKETS_PER_FRAME = 100
MOST_PENDING = 50_000
"""Packets that wait for a slow reader; the oldest are lost beyond it, and counted."""


class Subscriber:
    """A bounded queue of packets between the exchange, which never waits, and the task that writes to the socket."""

    def __init__(self, *, most_pending: int = MOST_PENDING) -> None:
        self.modes: dict[int, set[Mode]] = {}
        """What it has subscribed, by place in the listings."""
        self.overflowed = 0
        """Packets lost because it reads too slowly."""
        self.ended = trio.Event()
        self.code: int | None = None
        """What the disconnect packet is to say; None cuts the connection without a word."""
        self._pending: deque[bytes] = deque(maxlen=most_pending)
        self._waiting = trio.Event()

    @property
    def pending(self) -> int:
        """Packets that wait to be sent."""
        return len(self._pending)

    def put(self, packets: list[bytes]) -> None:
        """Packets to be sent; never waits."""
        if not packets:
            return
        room = (self._pending.maxlen or 0) - len(self._pending)
        self.overflowed += max(0, len(packets) - room)
        self._pending.extend(packets)
        self._waiting.set()

    async def take(self) -> bytes:
        """The next frame: up to a hundred packets in a row."""
        while not self._pending:
            self._waiting = trio.Event()
            await self._waiting.wait()
        size = min(len(self._pending), PACKETS_PER_FRAME)
        return b"".join(self._pending.popleft() for _ in range(size))

    def end(self, code: int | None) -> None:
        """End the connection, with a disconnect packet of this code or without a word."""
        self.code = code
        self.ended.set()
