"""One connection of a depth feed: what it is to bring, and the books that it brought."""

from collections.abc import Callable, Sequence
from typing import NoReturn

import anyio
import structlog

from actors.reconnection import Reconnection
from engine.market.depth import Depth
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.depths import DepthConnection, DepthDecoder, DepthFeed

log = structlog.get_logger("ticktree.depth_line")

PASSING = 2
"""Failures in a row that nobody is told of: the next connection is open within seconds."""


class DepthLine:
    """Outlives the sockets that serve it. ``tell`` hears of every book."""

    def __init__(
        self,
        feed: DepthFeed,
        routes: Sequence[Route],
        reconnection: Reconnection,
        *,
        tell: Callable[[Depth], object],
        now_ns: Callable[[], int],
    ) -> None:
        self.routes = tuple(routes)
        self.books: dict[str, Depth] = {}
        """The newest of each instrument, as long as the connection stands."""
        self._feed = feed
        self._reconnection = reconnection
        self._tell = tell
        self._now_ns = now_ns
        self._scope = anyio.CancelScope()
        self._following = anyio.Lock()
        self._carried: frozenset[Route] = frozenset()
        self._open: tuple[DepthConnection, DepthDecoder] | None = None
        self._failure: ProviderError | None = None

    @property
    def why_not(self) -> str:
        """Why it brings nothing; empty while it does, and while it is likely to do so again in a moment."""
        failure = self._failure
        is_passing = failure and failure.advice is Advice.RETRY and self._reconnection.failures <= PASSING
        return "" if failure is None or is_passing else str(failure)

    async def keep(self) -> None:
        """Returns when the line is ended."""
        with self._scope:
            await self._reconnection.keep(self._connected, self._ended)

    def end(self) -> None:
        """It brings nothing any more."""
        self._scope.cancel()

    async def follow(self) -> None:
        """Subscribes what joined ``routes``, and takes back what left them; who reads hears when the connection ended."""
        try:
            async with self._following:
                if self._open is not None:
                    await self._change(*self._open)
        except ProviderError as error:
            log.info("depths_not_changed", provider=self._feed.name, error=str(error))

    async def _connected(self) -> NoReturn:
        self._carried = frozenset(self.routes)
        decoder = self._feed.decoder(self.routes)
        async with self._feed.connect(self.routes) as connection:
            self._failure = None
            self._open = connection, decoder
            try:
                await self.follow()  # others may have joined while it was opened
                while True:
                    for _, book in decoder.decode(await connection.receive(), self._now_ns()):
                        self.books[book.instrument] = book
                        self._tell(book)
            finally:
                self._open = None
                self.books.clear()

    async def _change(self, connection: DepthConnection, decoder: DepthDecoder) -> None:
        wanted, carried = frozenset(self.routes), self._carried
        left, joined = list(carried - wanted), list(wanted - carried)
        self._carried = wanted
        if left:
            decoder.remove(left)
            for route in left:
                self.books.pop(route.instrument, None)
            await connection.unsubscribe(left)
        if joined:
            decoder.add(joined)
            await connection.subscribe(joined)

    def _ended(self, error: ProviderError) -> None:
        self._failure = error
        log.info("depth_line_ended", provider=self._feed.name, error=str(error), advice=error.advice)
