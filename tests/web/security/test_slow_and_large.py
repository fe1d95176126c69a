"""Slow senders and large messages: whoever sends slowly, too much, or never ends, costs little and is sent away."""

import asyncio
import base64
import contextlib
import itertools
import os
from collections.abc import AsyncGenerator
from typing import cast

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.process import Web, until
from tests.web.test_sockets import closed_with
from web.server import HEADER_BYTES, MESSAGE_BYTES
from web.site import BODY_BYTES
from web.sockets.line import UNREAD_BYTES, SocketLine

pytestmark = pytest.mark.anyio

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def wire(web: Web) -> AsyncGenerator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    yield reader, writer
    writer.close()


async def answered(reader: asyncio.StreamReader, within_s: float = 5.0) -> bytes:
    """All that comes until the other side ends the connection."""
    heard = b""
    with anyio.fail_after(within_s), contextlib.suppress(ConnectionError):
        while part := await reader.read(1 << 16):
            heard += part
    return heard


@pytest.mark.parametrize(
    "beginning", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: ", b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nA: "]
)
async def test_who_never_finishes_a_request_is_cut_off_however_busily_they_go_on(
    hot: HotStore, durable: DurableStore, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    """A byte now and then would otherwise keep a connection for ever: slowloris."""
    monkeypatch.setattr("web.server.IDLE_S", 0.5)
    async with running_web(hot, durable) as web, wire(web) as (reader, writer), anyio.create_task_group() as group:

        async def dribble() -> None:
            with contextlib.suppress(ConnectionError):
                writer.write(beginning)
                while beginning:
                    writer.write(b"a")
                    await writer.drain()
                    await anyio.sleep(0.02)

        group.start_soon(dribble)
        assert b"200" not in await answered(reader)
        group.cancel_scope.cancel()


@pytest.mark.parametrize("unit", [b"X-A: b\r\n", b"a"])
async def test_headers_without_an_end_are_refused_at_a_size(web: Web, unit: bytes) -> None:
    async with wire(web) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n" + unit * (2 * HEADER_BYTES // len(unit)))
        assert (await answered(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_body_without_an_end_is_refused_at_a_size(web: Web) -> None:
    async with wire(web) as (reader, writer):
        writer.write(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write((b"1000\r\n" + b" " * 4_096 + b"\r\n") * (BODY_BYTES // 4_096 + 1))
        answer = await answered(reader)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"too_large"' in answer


async def test_a_body_that_nobody_asked_for_is_not_waited_for(web: Web) -> None:
    async with wire(web) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert (await answered(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_message_in_many_parts_is_as_large_as_all_of_them(web: Web) -> None:
    async with web.client() as client:
        with contextlib.suppress(ConnectionClosed):
            await client.socket.send(itertools.repeat("x" * 1_000, 2 * MESSAGE_BYTES // 1_000))
        assert await closed_with(client) == 1009


async def test_who_sends_before_being_known_fills_no_memory(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads while a ticket is looked up: what comes meanwhile is bounded, and whoever sends more is sent away."""
    known = asyncio.Event()

    async def late(_: str) -> None:
        await known.wait()

    monkeypatch.setattr(web.services.hot, "take_ticket", late)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ("GET /ws?ticket=t HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade")
    large = b"\x82\xfe" + (60_000).to_bytes(2) + b"\0\0\0\0" + b"x" * 60_000
    async with wire(web) as (reader, writer):
        writer.write("\r\n".join([*lines, "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]).encode())
        with anyio.fail_after(5):
            assert b"101" in await reader.readuntil(b"\r\n\r\n")
        for _ in range(100):
            writer.write(large)
            await writer.drain()
        (outbox,) = web.services.admission._guests  # pyright: ignore[reportPrivateUsage]
        line = cast("SocketLine", outbox.line)
        await until(lambda: line.flooded)
        assert 0 < line.unread <= UNREAD_BYTES
        known.set()
        await answered(reader)
    await until(lambda: len(web.services.admission) == 0)
