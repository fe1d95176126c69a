"""Dhan's live feed over a WebSocket: connect, subscribe, listen, and tell exactly why it ended."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from engine.providers.base import (
    Capabilities,
    Mode,
    Notify,
    PlanError,
    ProviderError,
    Route,
    VolumeBasis,
    ignore,
)
from engine.providers.dhan.account import DhanEndpoints, account_of
from engine.providers.dhan.codec import HEADER, DisconnectPacket, decode_frame
from engine.providers.dhan.decoder import INDIAN_OFFSET_S, DhanDecoder
from engine.providers.dhan.failures import failure, handshake_failure
from engine.providers.dhan.planner import DISCONNECT_MESSAGE, LIMITS, plan_connections, subscription_messages
from engine.providers.keyring import Keyring
from engine.providers.socket import Patience, ProviderSocket, Target, open_socket

_PARTING_BYTES: Final = HEADER.pack(DisconnectPacket.code, HEADER.size + DisconnectPacket.layout.size, 0, 0)[:3]
"""How a disconnect packet begins, wherever in a frame it stands."""


class DhanFeed:
    """A provider's stream of prices, as Dhan sends it. It holds no connection itself."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        mode: Mode | str = Mode.QUOTE,
        name: str = "dhan",
        time_offset_s: int = INDIAN_OFFSET_S,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.limits = LIMITS
        self._keyring = keyring
        self._endpoints = endpoints or DhanEndpoints()
        self._mode = Mode(mode)
        self._time_offset_s = time_offset_s
        self._patience = patience or Patience()

    @property
    def capabilities(self) -> Capabilities:
        """By the mode it was made for: a ticker has no volume."""
        volume = VolumeBasis.NONE if self._mode is Mode.TICKER else VolumeBasis.SESSION
        depth = 5 if self._mode is Mode.FULL else 0
        return Capabilities(modes=tuple(Mode), volume=volume, open_interest=volume is not VolumeBasis.NONE, depth=depth)

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` beyond 25,000 or for what Dhan can not know."""
        return plan_connections(routes)

    def decoder(self, routes: Sequence[Route]) -> DhanDecoder:
        return DhanDecoder(routes, provider=self.name, time_offset_s=self._time_offset_s)

    @asynccontextmanager
    async def connect(
        self, routes: Sequence[Route], *, since_ns: int = 0, notify: Notify = ignore
    ) -> AsyncGenerator["DhanConnection"]:
        """A connection on which the routes are subscribed; nothing of an earlier one is remembered by Dhan.

        It begins now, whatever ``since_ns`` says, and tells nothing but prices: orders have a socket of their own.
        """
        async with open_socket(self._target(), self._patience, farewell=DISCONNECT_MESSAGE) as socket:
            connection = DhanConnection(socket, mode=self._mode)
            await connection.subscribe(routes)
            yield connection

    def _target(self) -> Target:
        account = account_of(self._keyring)
        query = {"version": 2, "token": account.token.reveal(), "clientId": account.identity, "authType": 2}
        return Target("Dhan's feed", self._endpoints.feed_url, _refused, query)


class DhanConnection:
    """One open socket to Dhan."""

    def __init__(self, socket: ProviderSocket, *, mode: Mode) -> None:
        self._socket = socket
        self._mode = mode
        self._subscribed: dict[str, Mode] = {}
        self._parting: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came, pings included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> bytes:
        """The next frame. Raises ``ProviderError`` when Dhan parts (with its reason), closes or falls silent.

        A frame that announces the parting is still handed out, for the ticks before it; the call after it raises.
        """
        while self._parting is None:
            message = await self._socket.receive()
            if isinstance(message, bytes):
                self._parting = _parting(message)
                return message
        raise self._parting

    async def subscribe(self, routes: Sequence[Route], mode: Mode | None = None) -> None:
        wanted = self._subscribed | dict.fromkeys((route.key for route in routes), mode or self._mode)
        most = LIMITS.instruments_per_connection
        if len(wanted) > most:
            raise PlanError(f"one connection to Dhan carries {most:,}, not {len(wanted):,}")
        self._subscribed = wanted  # before it is sent: another task may take one back meanwhile
        await self._send(subscription_messages(routes, mode or self._mode))

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        """Dhan takes a subscription back by the mode it was made in."""
        for mode in Mode:
            subscribed = [route for route in routes if self._subscribed.get(route.key, self._mode) is mode]
            await self._send(subscription_messages(subscribed, mode, subscribe=False))
        for route in routes:
            self._subscribed.pop(route.key, None)

    async def _send(self, messages: Sequence[str]) -> None:
        try:
            await self._socket.send(*messages)
        except ProviderError as error:
            if self._parting is not None:
                raise self._parting from error
            raise


def _refused(status: int, retry_after_s: float | None) -> ProviderError:
    return handshake_failure(status, retry_after_s=retry_after_s)


def _parting(frame: bytes) -> ProviderError | None:
    """Why Dhan is about to close, where the frame says so."""
    if _PARTING_BYTES not in frame:  # nearly always: nothing is taken apart twice
        return None
    for packet in decode_frame(frame):
        if isinstance(packet, DisconnectPacket):
            return failure(str(packet.reason))
    return None
