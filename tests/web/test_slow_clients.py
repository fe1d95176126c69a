"""Slow clients beside others, over real sockets: nobody else gets less for them, and what is kept for them is bounded."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import anyio
import pytest

from tests.web.process import BEARER, Web, until
from web.hub import Outbox
from web.protocol import Channel, Kind, PriceValue
from web.sockets.line import CONGESTED_BYTES, SocketLine

pytestmark = pytest.mark.anyio

READERS = 95
SLOW = 5
NAMES = [f"NSE:SLOWLY{number:04d}" for number in range(800)]
FOLLOWED = 20
"""Of these, by each reader; the slow ones follow them all, so that a few rounds fill their buffers."""
ROUNDS = 12
LARGEST_FLUSH = len(NAMES) * 150
"""Bytes that a client's line may take beyond its mark at once."""


class RawClient:
    """A socket that has shaken hands and reads only when it is told to."""

    def __init__(self, outbox: Outbox, wire: socket.socket) -> None:
        self.outbox = outbox
        self._wire = wire
        self._heard = b""

    def read(self, size: int = 1 << 16) -> None:
        """Takes what there is, at most so many bytes."""
        with contextlib.suppress(BlockingIOError):
            self._heard += self._wire.recv(size)

    @property
    def prices(self) -> int:
        """How many it has read."""
        return self._heard.count(b'"ltp":')


@contextlib.asynccontextmanager
async def connected(web: Web, names: list[str]) -> AsyncGenerator[RawClient]:
    """A client that follows some instruments, with small buffers on its side."""
    hub = web.services.hub
    before = set(hub.outboxes)
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        wire.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(wire, ("127.0.0.1", web.port))
        lines = ["GET /ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        lines += [f"Authorization: {BEARER['Authorization']}", "", ""]
        await loop.sock_sendall(wire, "\r\n".join(lines).encode())
        await until(lambda: len(hub.outboxes) > len(before))
        (outbox,) = set(hub.outboxes) - before
        for name in names:
            hub.follow(outbox, Channel(f"ltp.{name}", Kind.LTP, name, ""), name)
        yield RawClient(outbox, wire)


async def delivered(web: Web, slow: int) -> list[int]:
    """What each reader was sent and has read after all rounds, beside so many slow clients."""
    async with contextlib.AsyncExitStack() as clients:
        readers = [await clients.enter_async_context(connected(web, NAMES[k : k + FOLLOWED])) for k in range(READERS)]
        sluggish = [await clients.enter_async_context(connected(web, NAMES)) for _ in range(slow)]
        for turn in range(1, ROUNDS + 1):
            for name in NAMES:
                web.services.hub.put_price(PriceValue(name, float(turn), ts_event=turn))
            with anyio.fail_after(20):
                while any(reader.prices < FOLLOWED * turn for reader in readers):
                    await anyio.sleep(0.01)
                    for reader in readers:
                        reader.read()
            for client in sluggish:
                client.read(1)
        for client in sluggish:
            is_bounded_and_accounted_for(client.outbox)
        for reader in readers:
            told = reader.outbox.statistics()
            assert told.delivered == told.published == reader.prices
        return [reader.prices for reader in readers]


def is_bounded_and_accounted_for(outbox: Outbox) -> None:
    told, line = outbox.statistics(), outbox.line
    assert told.published == ROUNDS * len(NAMES) == told.delivered + told.conflated + told.dropped + told.waiting
    assert told.conflated > 0, "it was to be too slow"
    assert len(outbox.held) == told.waiting == len(NAMES), "the newest of each, and nothing else"
    assert isinstance(line, SocketLine)
    held = line._transport.get_write_buffer_size()  # pyright: ignore[reportPrivateUsage] - the web has no use for it
    assert held <= CONGESTED_BYTES + LARGEST_FLUSH


async def test_slow_clients_cost_the_others_nothing_and_are_kept_the_newest_values_only(web: Web) -> None:
    alone = await delivered(web, slow=0)
    await until(lambda: not web.services.hub.outboxes)
    assert await delivered(web, slow=SLOW) == alone == [FOLLOWED * ROUNDS] * READERS
