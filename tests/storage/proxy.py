"""A TCP proxy that misbehaves on command: it swallows an answer and hangs up, or falls silent."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Between a client and one server."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._answering = asyncio.Event()
        self._answering.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0
        self.lose_answers = 0
        """How many answers from now on are dropped, each together with its connection."""
        self.lost = 0

    @property
    def url(self) -> str:
        user, at, _ = self._target.netloc.rpartition("@")
        return urlunsplit(self._target._replace(netloc=f"{user}{at}127.0.0.1:{self._port}"))

    def fall_silent(self) -> None:
        """Connections stay open and take everything; nothing comes back."""
        self._answering.clear()

    def speak(self) -> None:
        self._answering.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
            try:
                async with asyncio.TaskGroup() as group:
                    forth = group.create_task(self._forward(reader, back))
                    await self._answer(there, writer)
                    forth.cancel()
            finally:
                back.close()
        writer.close()
        self._connections.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._answering.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.lose_answers:
                    self.lose_answers -= 1
                    self.lost += 1
                    return
                await self._answering.wait()
                writer.write(data)
                await writer.drain()

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, url: str) -> AsyncGenerator["Proxy"]:
        proxy = cls(url)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy._port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            for task in list(proxy._connections):
                task.cancel()
            await asyncio.gather(*proxy._connections, return_exceptions=True)
