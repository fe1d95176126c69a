"""A depth feed without sockets: Dhan's own plan and decoder, and a door that a test opens, shuts and speaks through."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import trio

from engine.providers.base import Advice, ProviderError, Route
from engine.providers.dhan.depth import DhanDepthFeed
from engine.providers.dhan.depth_codec import ASK, BID, DepthPacket, encode_depth
from engine.providers.keyring import Keyring


class Socket:
    """One connection, and what is subscribed on it."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = {route.instrument: route for route in routes}
        self._send, self._frames = trio.open_memory_channel[bytes | ProviderError](100)

    async def receive(self) -> bytes:
        frame = await self._frames.receive()
        if isinstance(frame, ProviderError):
            raise frame
        return frame

    async def subscribe(self, routes: Sequence[Route]) -> None:
        self.routes |= {route.instrument: route for route in routes}

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        for route in routes:
            del self.routes[route.instrument]

    def say(self, instrument: str, price: float) -> None:
        """A book of one level on each side, around a price."""
        number = int(self.routes[instrument].security_id)
        sides = ((BID, price - 0.05), (ASK, price + 0.05))
        self._send.send_nowait(
            b"".join(encode_depth(DepthPacket(code, 1, number, ((at, 10, 1),))) for code, at in sides)
        )

    def end(self, error: ProviderError | None = None) -> None:
        self._send.send_nowait(error or ProviderError("Dhan's depth feed closed: without a word"))


class PlayedFeed(DhanDepthFeed):
    """Lets in who has the good token, and remembers who came when."""

    def __init__(self, keyring: Keyring, *, good: str = "good") -> None:
        super().__init__(keyring)
        self._ring = keyring
        self.good = good
        self.attempts: list[float] = []
        self.sockets: list[Socket] = []
        """Those that are open, in the order they were opened."""

    @asynccontextmanager
    async def connect(self, routes: Sequence[Route]) -> AsyncGenerator[Socket]:  # pyright: ignore[reportIncompatibleMethodOverride] - there is no socket
        self.attempts.append(trio.current_time())
        if self._ring.current.token.reveal() != self.good:
            raise ProviderError("Dhan: the access token has expired (code 807)", advice=Advice.NEW_TOKEN)
        socket = Socket(routes)
        self.sockets.append(socket)
        try:
            yield socket
        finally:
            self.sockets.remove(socket)

    @property
    def carried(self) -> list[list[str]]:
        """What is subscribed on each open connection."""
        return [sorted(socket.routes) for socket in self.sockets]
