"""Depths: the books that a provider tells on sockets of their own, beside its feed."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from engine.market.depth import Depth
from engine.providers.base import Route
from engine.providers.placing import Planner


class DepthConnection(Protocol):
    """One open socket."""

    async def receive(self) -> bytes:
        """The next frame; raises ``ProviderError`` when the connection has ended or fallen silent."""
        ...

    async def subscribe(self, routes: Sequence[Route]) -> None: ...

    async def unsubscribe(self, routes: Sequence[Route]) -> None: ...


class DepthDecoder(Protocol):
    """Turns frames of one connection into books, each beside the target of its route."""

    def decode(self, frame: bytes, ts_recv: int) -> list[tuple[Any, Depth]]:
        """The books that a frame received at ``ts_recv`` (ns) has changed; never raises for any bytes."""
        ...

    def add(self, routes: Sequence[Route]) -> None: ...

    def remove(self, routes: Sequence[Route]) -> None: ...


class DepthFeed(Planner, Protocol):
    """A provider's stream of books. It holds no connection; whoever opened one opens the next one, too."""

    def decoder(self, routes: Sequence[Route]) -> DepthDecoder: ...

    def connect(self, routes: Sequence[Route]) -> AbstractAsyncContextManager[DepthConnection]:
        """A connection on which the routes are subscribed; failing to open it raises ``ProviderError``."""
        ...
