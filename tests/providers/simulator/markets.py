"""Short ways to make markets, moments and clients."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import trio
from trio_websocket import WebSocketConnection, wrap_client_stream
from wsproto import ConnectionType, WSConnection
from wsproto.events import Request

from engine.providers.dhan.codec import AnyPacket, decode_frame
from engine.providers.simulator.hours import INDIA_NS, SECOND_NS, Hours
from engine.providers.simulator.instruments import Listing, universe
from engine.providers.simulator.market import SyntheticMarket
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, SimulatorOptions
from engine.providers.simulator.server import Simulator, serve

DAY = date(2026, 11, 20)
HEADERS = {"access-token": SIMULATED_TOKEN, "client-id": SIMULATED_CLIENT_ID}


def at(text: str) -> int:
    """Nanoseconds of ``2026-11-20 09:15:30`` on an Indian wall clock."""
    wall = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(wall.timestamp() * 1_000_000) * 1_000 - INDIA_NS


def synthetic(
    *, instruments: int = 12, seed: int = 7, trades_per_minute: float = 30, hours: Hours | None = None
) -> SyntheticMarket:
    return SyntheticMarket(
        universe(instruments, DAY), seed=seed, hours=hours or Hours(), trades_per_minute=trades_per_minute
    )


def place(market_listings: Sequence[Listing], kind: str, **wanted: object) -> int:
    """Where the first listing of a kind stands."""
    return next(
        index
        for index, listing in enumerate(market_listings)
        if listing.kind == kind and all(getattr(listing, name) == value for name, value in wanted.items())
    )


class ManualClock:
    """Shows what it is told to."""

    def __init__(self, now_ns: int) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += round(seconds * SECOND_NS)


@asynccontextmanager
async def simulator(**options: Any) -> AsyncGenerator[Simulator]:
    """An exchange that is open within the block."""
    async with trio.open_nursery() as nursery:
        yield await nursery.start(serve, SimulatorOptions(**options))
        nursery.cancel_scope.cancel()


def place_of(url: str) -> tuple[str, int]:
    """Host and port of an address."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def feed_url(running: Simulator, *, token: str = SIMULATED_TOKEN, client_id: str = SIMULATED_CLIENT_ID) -> str:
    return f"{running.feed_url}/?version=2&token={token}&clientId={client_id}&authType=2"


@asynccontextmanager
async def feed_client(running: Simulator) -> AsyncGenerator[WebSocketConnection]:
    """A client of the live feed. The socket beneath is closed by us: trio-websocket leaves it when the server parts first."""
    target = feed_url(running).removeprefix(running.feed_url)
    async with await trio.open_tcp_stream(*place_of(running.feed_url)) as stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(nursery, stream, "127.0.0.1", target)
        nursery.cancel_scope.cancel()


async def handshake_status(running: Simulator, url: str) -> int:
    """The HTTP status a handshake is answered with; 101 lets in."""
    connection = WSConnection(ConnectionType.CLIENT)
    target = url.removeprefix(running.feed_url)
    async with await trio.open_tcp_stream(*place_of(running.feed_url)) as stream:
        await stream.send_all(connection.send(Request(host="127.0.0.1", target=target)))
        answer = await stream.receive_some(4_096)
        return int(answer.split(b" ", 2)[1])


def request(code: int, *instruments: tuple[str, str | int]) -> str:
    listed = [{"ExchangeSegment": segment, "SecurityId": security_id} for segment, security_id in instruments]
    return json.dumps({"RequestCode": code, "InstrumentCount": len(listed), "InstrumentList": listed})


async def next_packets(socket: WebSocketConnection) -> list[AnyPacket]:
    message = await socket.get_message()
    assert isinstance(message, bytes)
    return decode_frame(message)


async def first(socket: WebSocketConnection, kind: type) -> Any:
    """The first packet of a kind that comes."""
    while True:
        for packet in await next_packets(socket):
            if isinstance(packet, kind):
                return packet


async def get(running: Simulator, path: str, **parameters: object) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(running.control_url + path, params={k: str(v) for k, v in parameters.items()})
        return response.json()


async def post(running: Simulator, path: str, body: object, *, headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(running.control_url + path, json=body, headers=HEADERS if headers is None else headers)
