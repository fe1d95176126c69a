"""TLS before a server that has none: the wheels' Redis and PostgreSQL are built without it, platforms insist on it."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit, urlunsplit

from tests.certificates import Certificate

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL sends in the clear to ask for TLS; the answer is an S."""


@contextmanager
def tls_before(url: str, certificate: Certificate) -> Generator[str]:
    """The address of the same server with TLS, in a thread of its own: programs under test may be other processes."""
    # Of a kind that is named: once a test has run engine code, the default one is bound to the thread of its making.
    loop, started = asyncio.SelectorEventLoop(), threading.Event()
    ports: list[int] = []
    ending = asyncio.Event()

    async def serve() -> None:
        async with _door(url, certificate.context()) as port:
            ports.append(port)
            started.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield _with_port(url, ports[0])
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


def _with_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    scheme = "rediss" if parts.scheme == "redis" else parts.scheme
    return urlunsplit(parts._replace(scheme=scheme, netloc=f"{user}{at}127.0.0.1:{port}"))


@asynccontextmanager
async def _door(url: str, context: ssl.SSLContext) -> AsyncGenerator[int]:
    target = urlsplit(url)
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await pass_on(reader, writer)
        finally:
            writer.close()
            open_ones.discard(task)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if target.scheme.startswith("postgres"):
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                return  # in the clear: not here
            writer.write(b"S")
        await writer.start_tls(context)
        there, back = await asyncio.open_connection(target.hostname, target.port)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
