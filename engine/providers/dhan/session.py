"""Dhan's live feed over a WebSocket: connect, subscribe, listen, and tell exactly why it ended."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import trio
import trio_websocket
from wsproto.utilities import ProtocolError

from engine.providers.base import PlanError, ProviderError, Route
from engine.providers.dhan.account import DhanCredentials, DhanEndpoints
from engine.providers.dhan.codec import HEADER, DisconnectPacket, decode_frame
from engine.providers.dhan.decoder import INDIAN_OFFSET_S, DhanDecoder
from engine.providers.dhan.failures import failure
from engine.providers.dhan.planner import (
    DISCONNECT_MESSAGE,
    INSTRUMENTS_PER_CONNECTION,
    Mode,
    plan_connections,
    subscription_messages,
)
from engine.providers.dhan.socket import OwnNursery, WatchedStream, open_socket

_PARTING_BYTES: Final = HEADER.pack(DisconnectPacket.code, HEADER.size + DisconnectPacket.layout.size, 0, 0)[:3]
"""How a disconnect packet begins, wherever in a frame it stands."""


class Patience(msgspec.Struct, frozen=True):
    """How long each wait may last, in seconds."""

    connect_s: float = 15.0
    send_s: float = 10.0
    silence_s: float = 40.0
    """Dhan pings every 10 s and gives up after 40 s itself; without even a ping for so long, nobody is there."""
    goodbye_s: float = 2.0


class DhanFeed:
    """A provider's stream of prices, as Dhan sends it. It holds no connection itself."""

    def __init__(
        self,
        credentials: DhanCredentials,
        endpoints: DhanEndpoints | None = None,
        *,
        mode: Mode | str = Mode.QUOTE,
        name: str = "dhan",
        time_offset_s: int = INDIAN_OFFSET_S,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self._credentials = credentials
        self._endpoints = endpoints or DhanEndpoints()
        self._mode = Mode(mode)
        self._time_offset_s = time_offset_s
        self._patience = patience or Patience()

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` beyond 25,000 or for what Dhan can not know."""
        return plan_connections(routes)

    def decoder(self, routes: Sequence[Route]) -> DhanDecoder:
        return DhanDecoder(routes, provider=self.name, time_offset_s=self._time_offset_s)

    @asynccontextmanager
    async def connect(self, routes: Sequence[Route]) -> AsyncGenerator["DhanConnection"]:
        """A connection on which the routes are subscribed; nothing of an earlier one is remembered by Dhan."""
        async with (
            OwnNursery() as nursery,
            open_socket(nursery, self._endpoints.feed_url, self._credentials, self._patience.connect_s) as opened,
        ):
            connection = DhanConnection(*opened, mode=self._mode, patience=self._patience)
            nursery.start_soon(connection.watch)
            try:
                await connection.subscribe(routes)
                yield connection
            finally:
                await connection.say_goodbye()


class DhanConnection:
    """One open socket to Dhan."""

    def __init__(
        self,
        socket: trio_websocket.WebSocketConnection,
        stream: WatchedStream,
        *,
        mode: Mode,
        patience: Patience,
    ) -> None:
        self._socket = socket
        self._stream = stream
        self._mode = mode
        self._patience = patience
        self._subscribed: set[str] = set()
        self._parting: ProviderError | None = None
        self._silence: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came, pings included; seconds of trio's clock."""
        return self._stream.heard_s

    async def receive(self) -> bytes:
        """The next frame. Raises ``ProviderError`` when Dhan parts (with its reason), closes or falls silent.

        A frame that announces the parting is still handed out, for the ticks before it; the call after it raises.
        """
        while self._parting is None:
            try:
                message = await self._socket.get_message()
            except trio_websocket.ConnectionClosed as closed:
                raise self._closed(closed) from closed
            if isinstance(message, bytes):
                self._parting = _parting(message)
                return message
        raise self._parting

    async def subscribe(self, routes: Sequence[Route]) -> None:
        wanted = self._subscribed | {route.key for route in routes}
        if len(wanted) > INSTRUMENTS_PER_CONNECTION:
            raise PlanError(f"one connection to Dhan carries {INSTRUMENTS_PER_CONNECTION:,}, not {len(wanted):,}")
        await self._send(subscription_messages(routes, self._mode))
        self._subscribed = wanted

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        await self._send(subscription_messages(routes, self._mode, subscribe=False))
        self._subscribed.difference_update(route.key for route in routes)

    async def say_goodbye(self) -> None:
        """End in good order where the other side still listens: Dhan counts connections and drops the oldest."""
        with trio.move_on_after(self._patience.goodbye_s, shield=True):
            try:
                await self._socket.send_message(DISCONNECT_MESSAGE)
                await self._socket.aclose()
            except (trio_websocket.ConnectionClosed, ProtocolError):
                pass

    async def watch(self) -> None:
        """End the connection when the line falls silent. One task does it: a time limit per frame costs a fifth."""
        await self._stream.silence(self._patience.silence_s)
        self._silence = ProviderError(f"Dhan's feed has been silent for {self._patience.silence_s:g} s, pings included")
        await trio.aclose_forcefully(self._stream)

    async def _send(self, messages: Sequence[str]) -> None:
        try:
            for message in messages:
                with trio.fail_after(self._patience.send_s):
                    await self._socket.send_message(message)
        except trio.TooSlowError as error:
            raise ProviderError(f"Dhan's feed took no request within {self._patience.send_s:g} s") from error
        except trio_websocket.ConnectionClosed as closed:
            raise self._closed(closed) from closed
        except ProtocolError as error:
            raise ProviderError("Dhan's feed is closing") from error

    def _closed(self, closed: trio_websocket.ConnectionClosed) -> ProviderError:
        return self._parting or self._silence or ProviderError(f"Dhan's feed closed: {_reason(closed)}")


def _parting(frame: bytes) -> ProviderError | None:
    """Why Dhan is about to close, where the frame says so."""
    if _PARTING_BYTES not in frame:  # nearly always: nothing is taken apart twice
        return None
    for packet in decode_frame(frame):
        if isinstance(packet, DisconnectPacket):
            return failure(str(packet.reason))
    return None


def _reason(closed: trio_websocket.ConnectionClosed) -> str:
    reason = closed.reason
    return "without a word" if reason is None else f"{reason.name} ({reason.code}) {reason.reason or ''}".rstrip()
