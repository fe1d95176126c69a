"""REST calls on loopback, answered by a script, or never."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import trio

from engine.providers.simulator.http import Request, Response, serve_stream

Answer = Callable[["RestServer", Request], Awaitable[Response]]


class RestServer:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.port = 0
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(request.body) for request in self.requests]

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return await self._answer(self, request)


@asynccontextmanager
async def serve(answer: Answer) -> AsyncGenerator[RestServer]:
    server = RestServer(answer)
    async with trio.open_nursery() as nursery:
        handler = partial(serve_stream, answer=server.answer)
        (listener,) = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
        server.port = listener.socket.getsockname()[1]
        yield server
        nursery.cancel_scope.cancel()


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, msgspec.json.encode(body), headers or {})


def answers(*responses: Response) -> Answer:
    """One after the other; the last again and again."""

    async def answer(server: RestServer, _request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        return responses[min(len(server.requests), len(responses)) - 1]

    return answer


async def hang(_server: RestServer, _request: Request) -> Response:
    """The answer of somebody who does not answer."""
    await trio.sleep_forever()
    raise AssertionError


@asynccontextmanager
async def dripping() -> AsyncGenerator[str]:
    """The address of somebody whose answer never ends, one byte at a time: no time-out between two bytes ever strikes."""
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, _drip, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def _drip(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(50):
        await stream.send_all(b" ")
        await trio.sleep(0.05)
