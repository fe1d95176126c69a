"""The WebSocket beneath a provider's feed: opened within a bound, watched for silence, and always closed."""

import math
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

import h11
import msgspec
import trio
import trio_websocket
from wsproto.utilities import ProtocolError

from engine.providers.base import ProviderError
from engine.providers.http_answers import retry_after_s

_PORTS: Final = {"ws": 80, "wss": 443}
_LARGEST_FRAME: Final = 4 * 2**20
_PARTING_S: Final = 0.1
"""Enough to hand the last words to the system."""
_FRAMES_WAITING: Final = 64
"""Beyond so many, the socket pushes back on the sender."""


class Patience(msgspec.Struct, frozen=True):
    """How long each wait may last, in seconds."""

    connect_s: float = 15.0
    send_s: float = 10.0
    silence_s: float = 40.0
    """Without anything for so long, pings included, nobody is there."""
    goodbye_s: float = 2.0


class Target(msgspec.Struct, frozen=True):
    """Where a feed is, and what it has to be told at the door."""

    who: str
    """In words, as in ``Dhan's feed``; errors say it instead of the address."""
    url: str
    refused: Callable[[int, float | None], ProviderError]
    """The error for a refused handshake: of the HTTP status, and of the seconds its ``Retry-After`` asks for."""
    query: Mapping[str, str | int] = {}
    """May hold secrets: it is never shown."""
    headers: Mapping[str, str] = {}

    @property
    def host(self) -> str:
        return cast("str", urlsplit(self.url).hostname)

    @property
    def where(self) -> str:
        return f"{self.who} at {self.host}"

    @property
    def resource(self) -> str:
        path = urlsplit(self.url).path or "/"
        return f"{path}?{urlencode(self.query)}" if self.query else path


class ProviderSocket:
    """One open WebSocket to a provider. Its failures are ``ProviderError``, and none names the URL."""

    def __init__(
        self, socket: trio_websocket.WebSocketConnection, stream: "WatchedStream", who: str, patience: Patience
    ) -> None:
        self._socket = socket
        self._stream = stream
        self._who = who
        self._patience = patience
        self._silence: ProviderError | None = None

    @property
    def heard_s(self) -> float:
        """When anything at all last came, pings included; seconds of trio's clock."""
        return self._stream.heard_s

    async def receive(self) -> str | bytes:
        """The next message; raises ``ProviderError`` when the connection has ended or fallen silent."""
        try:
            return await self._socket.get_message()
        except trio_websocket.ConnectionClosed as closed:
            raise self._closed(closed) from closed

    async def send(self, *messages: str) -> None:
        """Send messages in their order, each within its bound."""
        try:
            for message in messages:
                with trio.fail_after(self._patience.send_s):
                    await self._socket.send_message(message)
        except trio.TooSlowError as error:
            raise ProviderError(f"{self._who} took no request within {self._patience.send_s:g} s") from error
        except trio_websocket.ConnectionClosed as closed:
            raise self._closed(closed) from closed
        except ProtocolError as error:
            raise ProviderError(f"{self._who} is closing") from error

    async def ping(self) -> None:
        """Ask for a sign of life, and wait for it: for providers that never ping by themselves."""
        try:
            await self._socket.ping()
        except trio_websocket.ConnectionClosed as closed:
            raise self._closed(closed) from closed
        except ProtocolError as error:
            raise ProviderError(f"{self._who} is closing") from error

    async def say_goodbye(self, farewell: str | None) -> None:
        """End in good order where the other side still listens: providers count connections.

        Who was cancelled only says so: its reader was cancelled with it, and nobody would hear the answer.
        """
        is_cancelled = trio.current_effective_deadline() == -math.inf
        with trio.move_on_after(_PARTING_S if is_cancelled else self._patience.goodbye_s, shield=True):
            try:
                if farewell is not None:
                    await self._socket.send_message(farewell)
                await self._socket.aclose()
            except (trio_websocket.ConnectionClosed, ProtocolError):
                pass

    async def watch(self) -> None:
        """End the connection when the line falls silent. One task does it: a time limit per frame costs a fifth."""
        await self._stream.silence(self._patience.silence_s)
        self._silence = ProviderError(f"{self._who} has been silent for {self._patience.silence_s:g} s, pings included")
        await trio.aclose_forcefully(self._stream)

    def _closed(self, closed: trio_websocket.ConnectionClosed) -> ProviderError:
        return self._silence or ProviderError(f"{self._who} closed: {_reason(closed)}")


@asynccontextmanager
async def open_socket(
    target: Target, patience: Patience, *, farewell: str | None = None
) -> AsyncGenerator[ProviderSocket]:
    """An open WebSocket, watched while the block runs; ``farewell`` is said at its end where somebody still listens."""
    async with OwnNursery() as nursery, _open_stream(target, patience.connect_s) as stream:
        socket = ProviderSocket(
            await _shake_hands(nursery, stream, target, patience.connect_s), stream, target.who, patience
        )
        nursery.start_soon(socket.watch)
        try:
            yield socket
        finally:
            await socket.say_goodbye(farewell)


class WatchedStream(trio.abc.Stream):
    """A stream that knows how long it has been listening in vain: pings never reach whoever reads messages."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._listening_since: float | None = None
        self.heard_s = trio.current_time()
        """When anything at all last came."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self._listening_since = trio.current_time()
        try:
            return await self._stream.receive_some(max_bytes)
        finally:
            self._listening_since = None
            self.heard_s = trio.current_time()

    async def silence(self, seconds: float) -> None:
        """Return when nothing at all has come for so long. Time in which nobody listened is no silence."""
        while True:
            now_s = trio.current_time()
            since_s = now_s if self._listening_since is None else self._listening_since
            if now_s - since_s >= seconds:
                return
            await trio.sleep_until(since_s + seconds)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


class OwnNursery:
    """A nursery that ends with its body, and lets the body's error through as it is, not inside a group."""

    def __init__(self) -> None:
        self._manager = trio.open_nursery()
        self._nursery: trio.Nursery | None = None

    async def __aenter__(self) -> trio.Nursery:
        self._nursery = await self._manager.__aenter__()
        return self._nursery

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cast("trio.Nursery", self._nursery).cancel_scope.cancel()
        try:
            await self._manager.__aexit__(kind, error, trace)
        except BaseExceptionGroup:
            if error is None or isinstance(error, trio.Cancelled):
                raise


@asynccontextmanager
async def _open_stream(target: Target, timeout_s: float) -> AsyncGenerator[WatchedStream]:
    stream = WatchedStream(await open_stream(target.url, target.where, timeout_s))
    try:
        yield stream
    finally:
        # trio-websocket forgets the stream when the other side closes first.
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)


async def open_stream(url: str, where: str, timeout_s: float) -> trio.abc.Stream:
    """A stream to the address of a ``ws`` or ``wss`` URL, encrypted for the latter; ``where`` names it in errors."""
    address = urlsplit(url)
    host = cast("str", address.hostname)
    try:
        with trio.fail_after(timeout_s):
            stream = await trio.open_tcp_stream(host, address.port or _PORTS[address.scheme])
            return stream if address.scheme == "ws" else await _encrypt(stream, host)
    except trio.TooSlowError as error:
        raise ProviderError(f"{where} could not be reached within {timeout_s:g} s") from error
    except OSError as error:
        raise ProviderError(f"{where} can not be reached: {error}") from error
    except trio.BrokenResourceError as error:
        raise ProviderError(f"no encrypted line to {where}: {error.__cause__ or error}") from error


async def _encrypt(stream: trio.SocketStream, host: str) -> trio.abc.Stream:
    """The stream in TLS; done here and at once, so that a refused certificate is told as what it is."""
    context = ssl.create_default_context()
    encrypted = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    async with AsyncExitStack() as otherwise:
        otherwise.push_async_callback(trio.aclose_forcefully, stream)
        await encrypted.do_handshake()
        otherwise.pop_all()
    return encrypted


async def _shake_hands(
    nursery: trio.Nursery, stream: WatchedStream, target: Target, timeout_s: float
) -> trio_websocket.WebSocketConnection:
    shaking = trio.CancelScope(deadline=trio.current_time() + timeout_s)
    reader = _Reader(nursery, when_ended=shaking.cancel)
    with shaking:
        return await trio_websocket.wrap_client_stream(
            cast("trio.Nursery", reader),
            cast("trio.SocketStream", stream),
            urlsplit(target.url).netloc,
            target.resource,
            extra_headers=[(name.encode(), value.encode()) for name, value in target.headers.items()],
            message_queue_size=_FRAMES_WAITING,
            max_message_size=_LARGEST_FRAME,
            receive_buffer_size=None,
        )
    if isinstance(reader.failure, trio_websocket.ConnectionRejected):
        rejected = reader.failure
        headers = {name.lower(): value for name, value in rejected.headers}
        raise target.refused(rejected.status_code, retry_after_s(headers.get(b"retry-after", b"").decode("latin-1")))
    if reader.ended:
        raise ProviderError(f"{target.where} ended the handshake without an answer")
    raise ProviderError(f"{target.where} left the handshake unanswered for {timeout_s:g} s")


def _reason(closed: trio_websocket.ConnectionClosed) -> str:
    reason = closed.reason
    return "without a word" if reason is None else f"{reason.name} ({reason.code}) {reason.reason or ''}".rstrip()


class _Reader:
    """Stands in for the nursery in which trio-websocket starts its reader.

    Left to itself, a reader that ends during the handshake is never noticed, and one that fails (a refused handshake;
    a ping while we close) takes the nursery and its body down in a group of exceptions.
    """

    def __init__(self, nursery: trio.Nursery, when_ended: Callable[[], None]) -> None:
        self._nursery = nursery
        self._when_ended = when_ended
        self.ended = False
        self.failure: Exception | None = None

    def start_soon(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        self._nursery.start_soon(self._run, function, args)

    async def _run(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        try:
            await function(*args)
        except (trio_websocket.HandshakeError, ProtocolError, h11.ProtocolError) as error:
            self.failure = error
        finally:
            self.ended = True
            self._when_ended()
