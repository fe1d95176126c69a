"""The WebSocket beneath Dhan's feed: opened within a bound, watched for silence, and always closed."""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Final, NamedTuple, cast
from urllib.parse import SplitResult, urlencode, urlsplit

import h11
import trio
import trio_websocket
from wsproto.utilities import ProtocolError

from engine.providers.base import ProviderError
from engine.providers.dhan.account import DhanCredentials
from engine.providers.dhan.failures import handshake_failure, retry_after_s

_PORTS: Final = {"ws": 80, "wss": 443}
_LARGEST_FRAME: Final = 4 * 2**20
_FRAMES_WAITING: Final = 64
"""Beyond so many, the socket pushes back on the sender."""


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


class OpenSocket(NamedTuple):
    socket: trio_websocket.WebSocketConnection
    stream: WatchedStream


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
async def open_socket(
    nursery: trio.Nursery, url: str, credentials: DhanCredentials, timeout_s: float
) -> AsyncGenerator[OpenSocket]:
    """An open WebSocket whose reader runs in the nursery. No error names the URL: the token stands in it."""
    address = urlsplit(url)
    stream = WatchedStream(await _open_stream(address, timeout_s))
    try:
        yield OpenSocket(await _shake_hands(nursery, stream, address, credentials, timeout_s), stream)
    finally:
        # trio-websocket forgets the stream when the other side closes first.
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)


async def _open_stream(address: SplitResult, timeout_s: float) -> trio.abc.Stream:
    host = cast("str", address.hostname)
    try:
        with trio.fail_after(timeout_s):
            stream = await trio.open_tcp_stream(host, address.port or _PORTS[address.scheme])
            return stream if address.scheme == "ws" else await _encrypt(stream, host)
    except trio.TooSlowError as error:
        raise ProviderError(f"Dhan's feed at {host} could not be reached within {timeout_s:g} s") from error
    except OSError as error:
        raise ProviderError(f"Dhan's feed at {host} can not be reached: {error}") from error
    except trio.BrokenResourceError as error:
        raise ProviderError(f"no encrypted line to Dhan's feed at {host}: {error.__cause__ or error}") from error


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
    nursery: trio.Nursery,
    stream: WatchedStream,
    address: SplitResult,
    credentials: DhanCredentials,
    timeout_s: float,
) -> trio_websocket.WebSocketConnection:
    shaking = trio.CancelScope(deadline=trio.current_time() + timeout_s)
    reader = _Reader(nursery, when_ended=shaking.cancel)
    with shaking:
        return await trio_websocket.wrap_client_stream(
            cast("trio.Nursery", reader),
            cast("trio.SocketStream", stream),
            address.netloc,
            _resource(address, credentials),
            message_queue_size=_FRAMES_WAITING,
            max_message_size=_LARGEST_FRAME,
            receive_buffer_size=None,
        )
    if isinstance(reader.failure, trio_websocket.ConnectionRejected):
        rejected = reader.failure
        headers = {name.lower(): value for name, value in rejected.headers}
        after_s = retry_after_s(headers.get(b"retry-after", b"").decode("latin-1"))
        raise handshake_failure(rejected.status_code, retry_after_s=after_s)
    if reader.ended:
        raise ProviderError(f"Dhan's feed at {address.hostname} ended the handshake without an answer")
    raise ProviderError(f"Dhan's feed at {address.hostname} left the handshake unanswered for {timeout_s:g} s")


def _resource(address: SplitResult, credentials: DhanCredentials) -> str:
    query = {"version": 2, "token": credentials.token.reveal(), "clientId": credentials.client_id, "authType": 2}
    return f"{address.path or '/'}?{urlencode(query)}"


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
