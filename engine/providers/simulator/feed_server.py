"""A live feed's socket at a door: handshake, requests, pings and partings, on trio-websocket, by a vendor's rules."""

import math
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, wrap_server_stream

from engine.providers.simulator.door import Door
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.freezing import FreezingStream
from engine.providers.simulator.speech import Frame, Speech
from engine.providers.simulator.subscriber import Subscriber

_MOST_BYTES: Final = 65_536
_HANDSHAKE_S: Final = 10.0
_FAREWELL_S: Final = 2.0
_PONG_S: Final = 40.0
_TOO_MANY_REQUESTS: Final = 429
_HTTP_STATUSES: Final = range(400, 600)


class Refusal(Exception):  # noqa: N818 - the exchange's answer to a request, not a failure of ours
    """The exchange ends a connection over a request; without a code the client wanted it so."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class FeedRules(Protocol):
    """A vendor's manners at the socket."""

    @property
    def most_connections(self) -> int: ...

    @property
    def crowded(self) -> int | None:
        """The code with which the oldest connection is ended when there is one too many."""
        ...

    @property
    def ping_s(self) -> float: ...

    def status(self, target: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """The HTTP status that turns a handshake of this path and query away; None lets it in."""
        ...

    async def obey(self, subscriber: Subscriber, message: str | bytes) -> None:
        """Do what a message asks; raises ``Refusal`` to end the connection."""
        ...

    def farewell(self, code: int) -> Frame | None:
        """What is said before a connection is ended with a code."""
        ...


class FeedServer:
    """Serves the clients of one door; those who ask for a path of ``also`` are served there."""

    def __init__(
        self,
        door: Door,
        rules: FeedRules,
        *,
        speech: Speech | None = None,
        hears: bool = True,
        also: Mapping[str, "FeedServer"] | None = None,
    ) -> None:
        """``speech`` is another one than the door's; clients that do not hear at first are told of prices alone."""
        self._door = door
        self._rules = rules
        self._speech = speech
        self._hears = hears
        self._also = also or {}
        self._clients: dict[Subscriber, None] = {}
        """In the order they came."""

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until it ends; the stream is closed then."""
        freezing = FreezingStream(stream, self._door)
        async with freezing, trio.open_nursery() as nursery:
            with trio.move_on_after(_HANDSHAKE_S) as shaking:
                request = await wrap_server_stream(nursery, freezing, max_message_size=_MOST_BYTES)
                server = self._also.get(urlsplit(request.path).path, self)
                await server.serve_request(request, shaking)
            nursery.cancel_scope.cancel()

    async def serve_request(self, request: WebSocketRequest, shaking: trio.CancelScope) -> None:
        """Let a client in or turn it away; the bound on the handshake ends with it."""
        status = self._status(request)
        if status is not None:
            await request.reject(status, extra_headers=self._retry_after(), body=b"")
            return
        socket = await request.accept()
        shaking.deadline = math.inf
        await self._serve(socket)

    def _retry_after(self) -> list[tuple[bytes, bytes]]:
        limit = self._door.fails(FaultKind.LIMIT)
        return [] if limit is None else [(b"Retry-After", b"%g" % limit.amount)]

    def _status(self, request: WebSocketRequest) -> int | None:
        """The HTTP status that turns a handshake away; None lets it in."""
        refusal = self._door.fails(FaultKind.REFUSE)
        if refusal is not None and refusal.amount in _HTTP_STATUSES:
            return round(refusal.amount)
        if self._door.fails(FaultKind.LIMIT):
            return _TOO_MANY_REQUESTS
        return self._rules.status(request.path, request.headers)

    async def _serve(self, socket: WebSocketConnection) -> None:
        subscriber = self._door.subscriber(self._speech, hears=self._hears)
        self._admit(subscriber)
        try:
            async with trio.open_nursery() as tasks:
                for task in (self._read, self._write, self._ping):
                    tasks.start_soon(task, socket, subscriber)
                await subscriber.ended.wait()
                tasks.cancel_scope.cancel()
        finally:
            self._clients.pop(subscriber, None)
            self._door.leave(subscriber)
        if subscriber.code is not None:
            await self._say_farewell(socket, subscriber.code)

    def _admit(self, subscriber: Subscriber) -> None:
        """Let a client in; beyond the most there may be the oldest has to go."""
        self._clients[subscriber] = None
        self._door.join(subscriber)
        staying = [client for client in self._clients if not client.ended.is_set()]
        if len(staying) > self._rules.most_connections:
            staying[0].end(self._rules.crowded)
        refusal = self._door.fails(FaultKind.REFUSE)
        if refusal is not None:
            subscriber.end(round(refusal.amount))

    async def _say_farewell(self, socket: WebSocketConnection, code: int) -> None:
        with trio.move_on_after(_FAREWELL_S):
            try:
                farewell = self._rules.farewell(code)
                if farewell is not None:
                    await socket.send_message(farewell)
                await socket.aclose()
            except ConnectionClosed:
                return

    async def _read(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                await self._rules.obey(subscriber, await socket.get_message())
        except ConnectionClosed:
            subscriber.end(None)
        except Refusal as refusal:
            if refusal.code is None:
                await socket.aclose()
            subscriber.end(refusal.code)

    async def _write(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                await socket.send_message(await subscriber.take())
        except ConnectionClosed:
            subscriber.end(None)

    async def _ping(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                await trio.sleep(self._rules.ping_s)
                with trio.fail_after(_PONG_S):
                    await socket.ping()
        except (ConnectionClosed, trio.TooSlowError):
            subscriber.end(None)
