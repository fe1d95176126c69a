"""Yahoo's live feed over a WebSocket: connect, subscribe, say every now and then that we still listen."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import trio

from engine.providers.base import (
    Capabilities,
    Mode,
    Notification,
    Notify,
    PlanError,
    ProviderError,
    Route,
    VolumeBasis,
    ignore,
)
from engine.providers.socket import OwnNursery, Patience, ProviderSocket, Target, open_socket
from engine.providers.yahoo.decoder import YahooDecoder
from engine.providers.yahoo.failures import COOL_OFF_S, http_failure
from engine.providers.yahoo.planner import LIMITS, plan_connections, subscription, withdrawal

FEED_URL: Final = "wss://streamer.finance.yahoo.com"
HEARTBEAT_S: Final = 15.0
"""How often Yahoo wants to hear the whole list again, from those who still listen."""

_PATIENCE: Final = Patience(silence_s=60.0)
"""Yahoo promises nothing, but it answers our pings (yfinance's own client lives by that): four of them unanswered is silence."""
_PRICE_KEY: Final = '"message"'


class YahooFeed:
    """A provider's stream of prices, as Yahoo sends it. It needs no account, and holds no connection itself."""

    def __init__(
        self,
        feed_url: str = FEED_URL,
        *,
        name: str = "yahoo",
        heartbeat_s: float = HEARTBEAT_S,
        patience: Patience = _PATIENCE,
        cool_off_s: float = COOL_OFF_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = name
        self.limits = LIMITS
        self.capabilities = Capabilities(
            modes=(Mode.QUOTE,), volume=VolumeBasis.SESSION, open_interest=True, depth=1, notifies=False
        )
        self._target = Target("Yahoo's feed", feed_url, partial(http_failure, cool_off_s=cool_off_s), {"version": 2})
        self._heartbeat_s = heartbeat_s
        self._patience = patience
        self._now_ns = now_ns

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` beyond 1,000 or for what Yahoo can not know."""
        return plan_connections(routes)

    def decoder(self, routes: Sequence[Route]) -> YahooDecoder:
        return YahooDecoder(routes, provider=self.name)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator["YahooConnection"]:
        """A connection on which the routes are subscribed. It begins now, whatever ``since_ns`` says."""
        del since_ns

        def tell(text: str) -> None:
            notify(Notification(self.name, "message", self._now_ns(), {"text": text}))

        async with OwnNursery() as nursery, open_socket(self._target, self._patience) as socket:
            connection = YahooConnection(socket, tell)
            await connection.subscribe(routes)
            nursery.start_soon(connection.keep_alive, self._heartbeat_s)
            yield connection


class YahooConnection:
    """One open socket to Yahoo, which has one mode only."""

    def __init__(self, socket: ProviderSocket, tell: Callable[[str], object]) -> None:
        self._socket = socket
        self._tell = tell
        self._symbols: dict[str, None] = {}

    @property
    def heard_s(self) -> float:
        """When anything at all last came, answers to pings included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> bytes:
        """The next frame with a price; raises ``ProviderError`` when Yahoo closes or falls silent."""
        while True:
            message = await self._socket.receive()
            if isinstance(message, bytes):
                return message
            if _PRICE_KEY in message:
                return message.encode()
            self._tell(message)

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """Ask for the whole list again, the new routes with it: yfinance never sends less, and may have its reasons."""
        del mode
        wanted = self._symbols | dict.fromkeys(route.security_id for route in routes)
        most = LIMITS.instruments_per_connection
        if len(wanted) > most:
            raise PlanError(f"one connection to Yahoo carries {most:,}, not {len(wanted):,}")
        self._symbols = wanted  # before it is sent: another task may take one back meanwhile
        if wanted:
            await self._socket.send(subscription(wanted))

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        leaving = [route.security_id for route in routes if route.security_id in self._symbols]
        for symbol in leaving:
            del self._symbols[symbol]
        if leaving:
            await self._socket.send(withdrawal(leaving))

    async def keep_alive(self, interval_s: float) -> None:
        """Say again and again what is wanted, and ask for a sign of life: when nothing trades, nothing else comes."""
        try:
            while True:
                await trio.sleep(interval_s)
                if self._symbols:
                    await self._socket.send(subscription(self._symbols))
                with trio.move_on_after(interval_s):
                    await self._socket.ping()
        except ProviderError:
            return  # whoever receives hears of it
