"""Kite's ticker over a WebSocket: connect, subscribe, listen, and pass on what is told beside the prices."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from engine.providers.base import (
    Capabilities,
    Mode,
    Notification,
    Notify,
    PlanError,
    Route,
    VolumeBasis,
    ignore,
)
from engine.providers.keyring import Keyring
from engine.providers.kite.account import VERSION, KiteEndpoints, query_of
from engine.providers.kite.codec import COUNT, DEPTH_LEVELS
from engine.providers.kite.decoder import KiteDecoder
from engine.providers.kite.failures import refused
from engine.providers.kite.fills import Fills
from engine.providers.kite.messages import read_message
from engine.providers.kite.planner import LIMITS, plan_connections, subscription_messages, unsubscription_messages
from engine.providers.socket import Patience, ProviderSocket, Target, open_socket

PATIENCE = Patience(silence_s=5.0)
"""A byte comes every second or two even when nothing trades: after five without any, nobody is there."""


class KiteFeed:
    """A provider's stream of prices, as Kite sends it. It holds no connection itself."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: KiteEndpoints | None = None,
        *,
        mode: Mode = Mode.FULL,
        name: str = "kite",
        patience: Patience = PATIENCE,
        now_ns: Callable[[], int] = time.time_ns,
        fills: Fills | None = None,
    ) -> None:
        """``mode`` is what is asked for where nobody says otherwise: only the full one tells when a trade was made.

        ``fills`` are those that the order book tells of, too.
        """
        self.name = name
        self.limits = LIMITS
        self._keyring = keyring
        self._endpoints = endpoints or KiteEndpoints()
        self._mode = mode
        self._patience = patience
        self._now_ns = now_ns
        self._fills = fills or Fills()

    @property
    def capabilities(self) -> Capabilities:
        """By the mode it was made for: a last price alone has no volume, and only the full mode open interest and depth."""
        full = self._mode is Mode.FULL
        return Capabilities(
            modes=tuple(Mode),
            volume=VolumeBasis.NONE if self._mode is Mode.TICKER else VolumeBasis.SESSION,
            open_interest=full,
            depth=DEPTH_LEVELS if full else 0,
            notifies=True,
        )

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` beyond 9,000 or for what Kite can not know."""
        return plan_connections(routes)

    def decoder(self, routes: Sequence[Route]) -> KiteDecoder:
        return KiteDecoder(routes, provider=self.name)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator["KiteConnection"]:
        """A connection on which the routes are subscribed, with the credential of this moment.

        It begins now, whatever ``since_ns`` says. ``notify`` hears of orders, trades, errors and messages.
        """
        query = query_of(self._keyring.current)
        target = Target("Kite's ticker", self._endpoints.feed_url, refused, query, VERSION)

        def tell(kind: str, data: Mapping[str, Any]) -> None:
            kind = self._fills.kind(data) if kind == "order" else kind
            notify(Notification(self.name, kind, self._now_ns(), data))

        async with open_socket(target, self._patience) as socket:
            connection = KiteConnection(socket, mode=self._mode, tell=tell)
            await connection.subscribe(routes)
            yield connection


class KiteConnection:
    """One open socket to Kite."""

    def __init__(self, socket: ProviderSocket, *, mode: Mode, tell: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._socket = socket
        self._mode = mode
        self._tell = tell
        self._subscribed: set[str] = set()
        self.unread_texts = 0
        """Messages in words that could not be read, and were passed over."""

    @property
    def heard_s(self) -> float:
        """When anything at all last came, heartbeats included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> bytes:
        """The next frame that holds packets. Raises ``ProviderError`` when Kite closes or falls silent."""
        while True:
            message = await self._socket.receive()
            if isinstance(message, str):
                self._hear(message)
            elif len(message) >= COUNT.size:  # else a heartbeat
                return message

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        wanted = self._subscribed | {route.key for route in routes}
        most = LIMITS.instruments_per_connection
        if len(wanted) > most:
            raise PlanError(f"one connection to Kite carries {most:,}, not {len(wanted):,}")
        self._subscribed = wanted  # before it is sent: another task may take one back meanwhile
        await self._socket.send(*subscription_messages(routes, mode or self._mode))

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        self._subscribed.difference_update(route.key for route in routes)
        await self._socket.send(*unsubscription_messages(routes))

    def _hear(self, text: str) -> None:
        try:
            told = read_message(text)
        except ValueError:
            self.unread_texts += 1
            return
        if told is not None:
            self._tell(*told)
