"""The relay's live feed over a WebSocket: connect, ask for each symbol, say every minute that we still listen."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import trio

from engine.providers.base import (
    Capabilities,
    FeedLimits,
    Mode,
    Notification,
    Notify,
    PlanError,
    ProviderError,
    Route,
    VolumeBasis,
    ignore,
)
from engine.providers.databento.account import RelayEndpoint
from engine.providers.databento.relay.decoder import RelayDecoder
from engine.providers.databento.relay.messages import SYMBOLS, history_request, read_messages
from engine.providers.databento.relay.told import ToldBars
from engine.providers.http_answers import http_advice
from engine.providers.planning import refuse_odd, spread, symbol_of
from engine.providers.socket import OwnNursery, Patience, ProviderSocket, Target, open_socket

LIMITS: Final = FeedLimits(connections=1, instruments_per_connection=len(SYMBOLS), instruments_per_message=1)
PATIENCE: Final = Patience(silence_s=120.0)
"""As the relay's own client has it: a ping a minute, and two minutes without an answer are the end."""
PING_S: Final = 60.0
_COOL_OFF_S: Final = 60.0
_FEWEST_BARS: Final = 2
"""Asked for to subscribe: the relay knows no other way."""


class RelayFeed:
    """A provider's stream of trades, as the relay sends it. It needs no account, and holds no connection itself."""

    def __init__(
        self,
        endpoint: RelayEndpoint | None = None,
        *,
        name: str = "databento_relay",
        told: ToldBars | None = None,
        patience: Patience = PATIENCE,
        ping_s: float = PING_S,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """``told`` remembers the bars it hears of, for whoever shares it."""
        self.name = name
        self.limits = LIMITS
        self.capabilities = Capabilities(modes=(Mode.QUOTE,), volume=VolumeBasis.TRADES)
        self._target = target_of(endpoint or RelayEndpoint())
        self._told = told or ToldBars()
        self._patience = patience
        self._ping_s = ping_s
        self._clock = clock

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of the one connection; raises ``PlanError`` for what the relay does not carry."""
        if len(routes) <= LIMITS.capacity:
            refuse_odd(
                routes, "the relay", lambda route: symbol_of(route) in SYMBOLS, called="symbol", identity=symbol_of
            )
        return spread(routes, LIMITS, "the relay")

    def decoder(self, routes: Sequence[Route]) -> RelayDecoder:
        return RelayDecoder(routes, provider=self.name)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator["RelayConnection"]:
        """A connection on which the routes are subscribed. It begins now, whatever ``since_ns`` says."""
        del since_ns

        def tell(message: dict[str, Any]) -> None:
            notify(Notification(self.name, "error", self._clock(), message))

        async with OwnNursery() as nursery, open_socket(self._target, self._patience) as socket:
            connection = RelayConnection(socket, self._told, tell)
            await connection.subscribe(routes)
            nursery.start_soon(connection.keep_alive, self._ping_s)
            yield connection


class RelayConnection:
    """One open socket to the relay."""

    def __init__(self, socket: ProviderSocket, told: ToldBars, tell: Callable[[dict[str, Any]], object]) -> None:
        self._socket = socket
        self._told = told
        self._tell = tell
        self._subscribed: set[str] = set()

    @property
    def heard_s(self) -> float:
        """When anything at all last came, answers to pings included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> bytes:
        """The next frame with a trade; raises ``ProviderError`` when the relay closes or falls silent.

        Bars are remembered and errors are told on the way.
        """
        while True:
            frame = await self._socket.receive()
            messages = read_messages(frame)
            for message in messages or ():
                if message.get("type") == "candle":
                    self._told.take(message)
                elif message.get("type") == "error":
                    self._tell(message)
            if messages is None or any(message.get("type") == "tick" for message in messages):
                return frame if isinstance(frame, bytes) else frame.encode("utf-8", "replace")

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        """Ask for the newest bars of each, with which the relay begins to tell its trades; there is one mode only."""
        del mode
        symbols = [route.security_id for route in routes]
        wanted = self._subscribed | set(symbols)
        if len(wanted) > LIMITS.instruments_per_connection:
            raise PlanError(f"the relay carries {LIMITS.instruments_per_connection}, not {len(wanted):,}", routes)
        await self._socket.send(*(history_request(symbol, "1m", _FEWEST_BARS) for symbol in symbols))
        self._subscribed = wanted

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        """Nothing is sent: the relay takes no subscription back. Decoders that forget the routes pass them over."""

    async def keep_alive(self, interval_s: float) -> None:
        """Ask for a sign of life every minute: in a quiet market nothing else comes."""
        try:
            while True:
                await trio.sleep(interval_s)
                with trio.move_on_after(interval_s):
                    await self._socket.ping()
        except ProviderError:
            return  # whoever receives hears of it


def target_of(endpoint: RelayEndpoint) -> Target:
    """Where the relay is, and what a refused handshake there means."""
    return Target("the relay", endpoint.url, _refused)


def _refused(status: int, retry_after_s: float | None) -> ProviderError:
    wait_s = max(_COOL_OFF_S, retry_after_s or 0.0) if status == 429 else retry_after_s
    return ProviderError(
        f"the relay answered HTTP {status}", advice=http_advice(status), wait_s=wait_s, code=str(status)
    )
