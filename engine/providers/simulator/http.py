"""HTTP on trio with h11: as much of it as a simulated exchange needs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec
import trio

_MOST_BODY_BYTES: Final = 1_000_000
_IDLE_S: Final = 75.0
_RECEIVE_BYTES: Final = 65_536


class Request(msgspec.Struct, frozen=True):
    """One request, read to its end."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    pairs: Sequence[tuple[str, str]] = ()
    """The query with names that are there more than once."""


class Response(msgspec.Struct, frozen=True):
    """One answer, with a body of JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


Answer = Callable[[Request], Awaitable[Response]]
Call = Callable[[Request], Awaitable[Response | None]]
"""An answer, or None where a request is somebody else's business."""


class Server:
    """Answers requests by the first call that knows one."""

    def __init__(self, *calls: Call) -> None:
        self._calls = calls

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """Serve one connection until it ends."""
        await serve_stream(stream, self._answer)

    async def _answer(self, request: Request) -> Response:
        for call in self._calls:
            if (response := await call(request)) is not None:
                return response
        return Response(404, b'{"error":"no such call"}')


async def serve_stream(stream: trio.SocketStream, answer: Answer) -> None:
    """Answer the requests of one connection until it ends; the stream is closed then."""
    connection = h11.Connection(h11.SERVER)
    async with stream:
        try:
            while True:
                with trio.fail_after(_IDLE_S):
                    request = await _next_request(connection, stream)
                if request is None:
                    return
                await stream.send_all(_wire(connection, await answer(request)))
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await _refuse(connection, stream, error.error_status_hint)
        except (trio.BrokenResourceError, trio.TooSlowError):
            return


async def _next_request(connection: h11.Connection, stream: trio.SocketStream) -> Request | None:
    """The next request; None when the client has hung up."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(_RECEIVE_BYTES))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MOST_BODY_BYTES:
                raise h11.RemoteProtocolError("the body is too long", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body))
        else:
            return None


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii"))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    pairs = parse_qsl(target.query)
    return Request(head.method.decode("ascii"), target.path, dict(pairs), headers, body, pairs)


def _wire(connection: h11.Connection, response: Response) -> bytes:
    """The whole answer as one piece: in two, the second would wait for the client's acknowledgement of the first."""
    headers = {"Content-Type": "application/json", "Content-Length": str(len(response.body)), **response.headers}
    parts = [
        connection.send(h11.Response(status_code=response.status, headers=list(headers.items()))),
        connection.send(h11.Data(data=response.body)),
        connection.send(h11.EndOfMessage()),
    ]
    return b"".join(part for part in parts if part)


async def _refuse(connection: h11.Connection, stream: trio.SocketStream, status: int) -> None:
    if connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
        await stream.send_all(_wire(connection, Response(status, b"{}", {"Connection": "close"})))
