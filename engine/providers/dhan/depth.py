"""Dhan's feed of twenty levels of depth, a socket of its own beside the live feed: shares and derivatives of NSE alone."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from engine.providers.base import FeedLimits, PlanError, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints, account_of
from engine.providers.dhan.depth_codec import DISCONNECT, LEVELS, DepthDisconnect, decode_depth
from engine.providers.dhan.depth_decoder import DepthDecoder
from engine.providers.dhan.failures import failure, handshake_failure
from engine.providers.dhan.planner import DISCONNECT_MESSAGE, refuse, request
from engine.providers.keyring import Keyring
from engine.providers.planning import batches, spread
from engine.providers.socket import Patience, ProviderSocket, Target, open_socket

LIMITS: Final = FeedLimits(connections=5, instruments_per_connection=50, instruments_per_message=50)
SEGMENTS: Final = ("NSE_EQ", "NSE_FNO")
_SUBSCRIBE: Final = 23
_UNSUBSCRIBE: Final = 25
"""By the newer of Dhan's two manuals; the older one says 24."""
_PARTING_BYTE: Final = bytes((DISCONNECT,))


class DhanDepthFeed:
    """A stream of books with ``levels`` prices on each side. It holds no connection itself."""

    levels: Final = LEVELS

    def __init__(
        self,
        keyring: Keyring,
        endpoints: DhanEndpoints | None = None,
        *,
        name: str = "dhan",
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.limits = LIMITS
        self._keyring = keyring
        self._endpoints = endpoints or DhanEndpoints()
        self._patience = patience or Patience()

    def plan(self, routes: Sequence[Route]) -> list[list[Route]]:
        """The routes of each connection; raises ``PlanError`` beyond 250 and for segments without such depth."""
        refuse(routes, SEGMENTS)
        return spread(routes, LIMITS, "Dhan's depth feed")

    def decoder(self, routes: Sequence[Route]) -> DepthDecoder:
        return DepthDecoder(routes, provider=self.name)

    @asynccontextmanager
    async def connect(self, routes: Sequence[Route]) -> AsyncGenerator["DhanDepthConnection"]:
        """A connection on which the routes are subscribed; failing to open it raises ``ProviderError``."""
        async with open_socket(self._target(), self._patience, farewell=DISCONNECT_MESSAGE) as socket:
            connection = DhanDepthConnection(socket)
            await connection.subscribe(routes)
            yield connection

    def _target(self) -> Target:
        account = account_of(self._keyring)
        query = {"token": account.token.reveal(), "clientId": account.identity, "authType": 2}
        return Target("Dhan's depth feed", self._endpoints.depth_url, _refused, query)


class DhanDepthConnection:
    """One open socket to the depth feed."""

    def __init__(self, socket: ProviderSocket) -> None:
        self._socket = socket
        self._subscribed: set[str] = set()
        self._parting: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came, pings included; seconds of trio's clock."""
        return self._socket.heard_s

    async def receive(self) -> bytes:
        """The next frame; raises ``ProviderError`` when Dhan has parted (with its reason), closed or fallen silent."""
        while self._parting is None:
            message = await self._socket.receive()
            if isinstance(message, bytes):
                self._parting = _parting(message)
                return message
        raise self._parting

    async def subscribe(self, routes: Sequence[Route]) -> None:
        wanted = self._subscribed | {route.key for route in routes}
        most = LIMITS.instruments_per_connection
        if len(wanted) > most:
            raise PlanError(f"one connection to Dhan's depth feed carries {most}, not {len(wanted)}")
        self._subscribed = wanted  # before it is sent: another task may take one back meanwhile
        await self._socket.send(*_requests(_SUBSCRIBE, routes))

    async def unsubscribe(self, routes: Sequence[Route]) -> None:
        self._subscribed.difference_update(route.key for route in routes)
        await self._socket.send(*_requests(_UNSUBSCRIBE, routes))


def _requests(code: int, routes: Sequence[Route]) -> list[str]:
    return [request(code, batch) for batch in batches(routes, LIMITS.instruments_per_message)]


def _refused(status: int, retry_after_s: float | None) -> ProviderError:
    return handshake_failure(status, retry_after_s=retry_after_s)


def _parting(frame: bytes) -> ProviderError | None:
    """Why Dhan is about to close, where the frame says so."""
    if _PARTING_BYTE not in frame:
        return None
    reasons = (packet.reason for packet in decode_depth(frame) if isinstance(packet, DepthDisconnect))
    return next((failure(str(reason)) for reason in reasons), None)
