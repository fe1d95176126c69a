"""The live feed's socket: Dhan's handshake, requests and limits, on trio-websocket."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, wrap_server_stream

from engine.providers.dhan.codec import DisconnectPacket, encode
from engine.providers.simulator.exchange import Exchange
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.feed_requests import (
    BAD_REQUEST,
    BAD_SECURITY_ID,
    TOO_MANY_INSTRUMENTS,
    FeedRequest,
    Refusal,
    WantedInstrument,
    parse_request,
)
from engine.providers.simulator.freezing import FreezingStream
from engine.providers.simulator.packets import Mode
from engine.providers.simulator.subscriber import Subscriber

MOST_CONNECTIONS: Final = 5
MOST_INSTRUMENTS: Final = 5_000
_MOST_BYTES: Final = 65_536
_HANDSHAKE_S: Final = 10.0
_FAREWELL_S: Final = 2.0
_PING_S: Final = 10.0
_PONG_S: Final = 40.0
_UNAUTHORIZED: Final = 401
_HTTP_STATUSES: Final = range(400, 600)
_TOO_MANY_CONNECTIONS: Final = 805
_CLOSE_REQUEST: Final = 12
_SUBSCRIBE: Final[Mapping[int, Mode]] = {mode.value: mode for mode in Mode}
_UNSUBSCRIBE: Final[Mapping[int, Mode]] = {mode.value + 1: mode for mode in Mode}


class FeedServer:
    """Serves the live feed of an exchange to those who know its client id and token."""

    def __init__(
        self, exchange: Exchange, *, client_id: str, token: str, most_instruments: int = MOST_INSTRUMENTS
    ) -> None:
        self._exchange = exchange
        self._client_id = client_id
        self._token = token
        self._most_instruments = most_instruments
        self._clients: dict[Subscriber, None] = {}
        """In the order they came."""

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until it ends; the stream is closed then."""
        freezing = FreezingStream(stream, self._exchange)
        async with freezing, trio.open_nursery() as nursery:
            socket = await self._accept(nursery, freezing)
            if socket is not None:
                await self._serve(socket)
            nursery.cancel_scope.cancel()

    async def _accept(self, nursery: trio.Nursery, stream: trio.abc.Stream) -> WebSocketConnection | None:
        with trio.move_on_after(_HANDSHAKE_S):
            request = await wrap_server_stream(nursery, stream, max_message_size=_MOST_BYTES)
            status = self._status(request)
            if status is None:
                return await request.accept()
            await request.reject(status, extra_headers=self._retry_after(), body=b"")
        return None

    def _retry_after(self) -> list[tuple[bytes, bytes]]:
        limit = self._exchange.fails(FaultKind.LIMIT)
        return [] if limit is None else [(b"Retry-After", b"%g" % limit.amount)]

    def _status(self, request: WebSocketRequest) -> int | None:
        """The HTTP status that turns a handshake away; None lets it in."""
        refusal = self._exchange.fails(FaultKind.REFUSE)
        if refusal is not None and refusal.amount in _HTTP_STATUSES:
            return round(refusal.amount)
        if self._exchange.fails(FaultKind.LIMIT):
            return 429
        told = {name: values[-1] for name, values in parse_qs(urlsplit(request.path).query).items()}
        if told.get("version") != "2" or told.get("authType") != "2":
            return 400
        known = told.get("token") == self._token and told.get("clientId") == self._client_id
        return None if known else _UNAUTHORIZED

    async def _serve(self, socket: WebSocketConnection) -> None:
        subscriber = Subscriber()
        self._admit(subscriber)
        try:
            async with trio.open_nursery() as tasks:
                for task in (self._read, self._write, self._ping):
                    tasks.start_soon(task, socket, subscriber)
                await subscriber.ended.wait()
                tasks.cancel_scope.cancel()
        finally:
            self._clients.pop(subscriber, None)
            self._exchange.leave(subscriber)
        if subscriber.code is not None:
            await self._say_farewell(socket, subscriber.code)

    def _admit(self, subscriber: Subscriber) -> None:
        """Let a client in; beyond five the oldest has to go."""
        self._clients[subscriber] = None
        self._exchange.join(subscriber)
        staying = [client for client in self._clients if not client.ended.is_set()]
        if len(staying) > MOST_CONNECTIONS:
            staying[0].end(_TOO_MANY_CONNECTIONS)
        refusal = self._exchange.fails(FaultKind.REFUSE)
        if refusal is not None:
            subscriber.end(round(refusal.amount))

    async def _say_farewell(self, socket: WebSocketConnection, code: int) -> None:
        with trio.move_on_after(_FAREWELL_S):
            try:
                await socket.send_message(encode(DisconnectPacket(0, 0, code)))
                await socket.aclose()
            except ConnectionClosed:
                return

    async def _read(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                request = parse_request(await socket.get_message())
                if request.request_code == _CLOSE_REQUEST:
                    await socket.aclose()
                    break
                self._obey(subscriber, request)
        except ConnectionClosed:
            pass
        except Refusal as refusal:
            subscriber.end(refusal.code)
            return
        subscriber.end(None)

    def _obey(self, subscriber: Subscriber, request: FeedRequest) -> None:
        """Do what a request asks; instruments nobody knows are passed over without a word, as Dhan does."""
        places = [self._place(instrument) for instrument in request.instrument_list]
        if mode := _SUBSCRIBE.get(request.request_code):
            for index in places:
                if index is not None:
                    self._exchange.subscribe(subscriber, index, mode)
            if len(subscriber.modes) > self._most_instruments:
                raise Refusal(TOO_MANY_INSTRUMENTS)
        elif mode := _UNSUBSCRIBE.get(request.request_code):
            for index in places:
                if index is not None:
                    self._exchange.unsubscribe(subscriber, index, mode)
        else:
            raise Refusal(BAD_REQUEST)

    def _place(self, instrument: WantedInstrument) -> int | None:
        if not isinstance(instrument.security_id, str):
            raise Refusal(BAD_SECURITY_ID)
        if not instrument.security_id.isdecimal():
            return None
        return self._exchange.places.get((instrument.exchange_segment, int(instrument.security_id)))

    async def _write(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                await socket.send_message(await subscriber.take())
        except ConnectionClosed:
            subscriber.end(None)

    async def _ping(self, socket: WebSocketConnection, subscriber: Subscriber) -> None:
        try:
            while True:
                await trio.sleep(_PING_S)
                with trio.fail_after(_PONG_S):
                    await socket.ping()
        except (ConnectionClosed, trio.TooSlowError):
            subscriber.end(None)
