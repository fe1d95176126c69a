"""A running web process as tests see it: its HTTP client, its sockets, and its insides."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from websockets.asyncio.client import ClientConnection, connect

from engine.runtime import ActorSystem
from web.services import Services

TOKEN = "a-token-for-tests-only"
SECRET = "a-key-for-tests-only-and-long-enough"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Client:
    """A WebSocket client that reads JSON and takes arrays apart."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._read: list[Any] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> Any:
        while not self._read:
            with anyio.fail_after(5):
                value = json.loads(await self.socket.recv())
            self._read += value if isinstance(value, list) else [value]
        return self._read.pop(0)

    async def ask(self, **message: Any) -> Any:
        await self.send(**message)
        return await self.receive()

    async def until(self, matches: Callable[[Any], bool]) -> Any:
        """The next message that matches; others are passed over."""
        while True:
            message = await self.receive()
            if matches(message):
                return message

    async def push(self, channel: str) -> Any:
        """The data of the next push of a channel."""
        return (await self.until(lambda message: message.get("channel") == channel))["data"]


class Web:
    """One web process."""

    def __init__(self, system: ActorSystem, services: Services, http: httpx.AsyncClient, port: int) -> None:
        self.system = system
        self.services = services
        self.http = http
        self.port = port

    async def get(self, path: str, **arguments: Any) -> httpx.Response:
        return await self.http.get(path, params=arguments or None, headers=BEARER)

    async def until_ready(self) -> None:
        await until(lambda: self.services.directory.ready and self.services.hub.status.status != "degraded")

    @asynccontextmanager
    async def client(self, *, bearer: bool = True, query: str = "", **options: Any) -> AsyncGenerator[Client]:
        headers = {**(BEARER if bearer else {}), **options.pop("headers", {})}
        url = f"ws://127.0.0.1:{self.port}/ws{query}"
        async with connect(url, additional_headers=headers, proxy=None, **options) as socket:
            yield Client(socket)


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Returns when something has become true."""
    with anyio.fail_after(within_s):
        while not condition():
            await anyio.sleep(0.01)
