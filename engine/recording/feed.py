"""A provider's feed that tells when its connections open and end, so that gaps can be replayed.

Frames are told by who takes their time of receipt: it must be the same here and there. A connection that the engine
itself gives up is not told: in a replay it is given up for the same reason.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from engine.providers.base import (
    Capabilities,
    Connection,
    Decoder,
    FeedLimits,
    LiveFeed,
    Mode,
    Notify,
    ProviderError,
    Route,
    ignore,
)
from engine.recording.history import loss_of
from engine.recording.records import Lost, Opened


class RecordedFeed:
    """Connects by the feed within."""

    def __init__(self, feed: LiveFeed, *, tell: Callable[[Opened | Lost], object], now_ns: Callable[[], int]) -> None:
        self._feed = feed
        self._tell = tell
        self._now_ns = now_ns
        self._plan = Plan(feed)

    @property
    def name(self) -> str:
        return self._feed.name

    @property
    def capabilities(self) -> Capabilities:
        return self._feed.capabilities

    @property
    def limits(self) -> FeedLimits:
        return self._feed.limits

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        return self._plan.make(routes)

    def decoder(self, routes: Sequence[Route]) -> Decoder:
        return self._feed.decoder(routes)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator[Connection]:
        number, is_open = self._plan.number(routes), False
        try:
            async with self._feed.connect(routes, since_ns=since_ns, notify=notify) as connection:
                is_open = True
                self._tell(Opened(self.name, number, self._now_ns()))
                yield RecordedConnection(connection, partial(self._lose, number))
        except ProviderError as error:
            if not is_open:
                self._lose(number, error)
            raise

    def _lose(self, number: int, error: ProviderError) -> None:
        self._tell(loss_of(self.name, number, self._now_ns(), error))


class RecordedConnection:
    """Tells when the provider ends it."""

    def __init__(self, connection: Connection, lost: Callable[[ProviderError], object]) -> None:
        self._connection = connection
        self._lost = lost

    @property
    def heard_s(self) -> float:
        return self._connection.heard_s

    async def receive(self) -> bytes:
        try:
            return await self._connection.receive()
        except ProviderError as error:
            self._lost(error)
            raise

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        await self._connection.subscribe(routes, mode)

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        await self._connection.unsubscribe(routes)


class Plan:
    """Knows connections by the routes that they were planned with, as recordings know them by number."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._planned: list[list[Route]] = []

    def make(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The feed's plan; raises ``PlanError`` as it does."""
        self._planned = self._feed.plan(routes)
        return self._planned

    def number(self, routes: Sequence[Route]) -> int:
        """Which connection of the plan has these routes; 0 for one that is in no plan."""
        return next(
            (number for number, planned in enumerate(self._planned) if planned is routes or planned == routes), 0
        )
