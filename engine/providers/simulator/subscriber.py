"""One client of a live feed as the exchange sees it: what it subscribed, what waits for it, how it is to end."""

from collections import deque
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from engine.providers.base import Mode
    from engine.providers.simulator.speech import Frame, Speech

MOST_PENDING = 50_000
"""Packets that wait for a slow reader; the oldest are lost beyond it, and counted."""


class Subscriber:
    """A bounded queue between the exchange, which never waits, and the task that writes to the socket."""

    def __init__(self, speech: "Speech", *, hears: bool = True, most_pending: int = MOST_PENDING) -> None:
        self.modes: dict[int, set[Mode]] = {}
        """What it has subscribed, by place in the listings."""
        self.overflowed = 0
        """Packets lost because it reads too slowly."""
        self.ended = trio.Event()
        self.code: int | None = None
        """Why it is sent away, in the vendor's numbers; None cuts the connection without a word."""
        self.speech = speech
        self.hears = hears
        """Whether it is told of more than prices: of orders, say."""
        self._pending: deque[bytes] = deque(maxlen=most_pending)
        self._said: deque[Frame] = deque(maxlen=most_pending)
        self._waiting = trio.Event()

    @property
    def pending(self) -> int:
        """Packets and frames that wait to be sent."""
        return len(self._pending) + len(self._said)

    def put(self, packets: list[bytes]) -> None:
        """Packets to be sent; never waits."""
        if not packets:
            return
        room = (self._pending.maxlen or 0) - len(self._pending)
        self.overflowed += max(0, len(packets) - room)
        self._pending.extend(packets)
        self._waiting.set()

    def say(self, frame: "Frame") -> None:
        """A whole frame to be sent as it is, before the packets that wait: an answer, a notice."""
        self.overflowed += len(self._said) == self._said.maxlen
        self._said.append(frame)
        self._waiting.set()

    async def take(self) -> "Frame":
        """The next frame, of as many packets as may share one."""
        while not self.pending:
            self._waiting = trio.Event()
            await self._waiting.wait()
        if self._said:
            return self._said.popleft()
        size = min(len(self._pending), self.speech.packets_per_frame)
        return self.speech.frame([self._pending.popleft() for _ in range(size)])

    def end(self, code: int | None) -> None:
        """End the connection, for a reason of the vendor's or without a word."""
        self.code = code
        self.ended.set()
