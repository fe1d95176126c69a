"""A small feed on loopback: it remembers what it was asked and plays the script it is given."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

Script = Callable[["FeedServer", WebSocketConnection], Awaitable[None]]


class FeedServer:
    def __init__(self, script: Script, reject: tuple[int, dict[str, str]] | None = None) -> None:
        self._script = script
        self._reject = reject
        self.port = 0
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.requests: list[Any] = []
        self.closed = trio.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def handle(self, request: WebSocketRequest) -> None:
        self.paths.append(request.path)
        self.headers.append({name.decode().lower(): value.decode() for name, value in request.headers})
        if self._reject is not None:
            status, headers = self._reject
            pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
            await request.reject(status, extra_headers=pairs)
            return
        socket = await request.accept()
        try:
            await self._script(self, socket)
            await self.listen(socket)
        except ConnectionClosed:
            pass
        self.closed.set()

    async def next_request(self, socket: WebSocketConnection) -> Any:
        message = msgspec.json.decode(await socket.get_message())
        self.requests.append(message)
        return message

    async def listen(self, socket: WebSocketConnection) -> None:
        while True:
            await self.next_request(socket)


@asynccontextmanager
async def serve(script: Script, **options: Any) -> AsyncGenerator[FeedServer]:
    server = FeedServer(script, **options)
    async with trio.open_nursery() as nursery:
        started = await nursery.start(
            partial(serve_websocket, server.handle, "127.0.0.1", 0, None, connect_timeout=1, disconnect_timeout=1)
        )
        server.port = started.port
        yield server
        nursery.cancel_scope.cancel()
