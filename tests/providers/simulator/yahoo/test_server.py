"""Yahoo's manners, as a client of its own making meets them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from engine.providers.simulator.door import Door
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.listening import listen
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator, open_exchange
from engine.providers.simulator.yahoo.feed_rules import YahooFeedRules
from tests.providers.simulator.markets import at, place_of, post, simulator

DOOR = "simulator_yahoo"
START = at("2026-11-20 09:15:40")
START_S = START // 1_000_000_000
DAY_S = 86_400
OPTIONS: dict[str, Any] = {
    "instruments": 6,
    "world": True,
    "ticks_per_second": 200,
    "doors": (DoorOptions(DOOR),),
    "start_ns": START,
}


@asynccontextmanager
async def streamer(forget_after_s: float) -> AsyncGenerator[tuple[Door, str]]:
    exchange = open_exchange(SimulatorOptions(**OPTIONS))
    door = exchange.doors[DOOR]
    rules = YahooFeedRules(door, forget_after_s=forget_after_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(exchange.run)
        nursery.start_soon(rules.drop_silent)
        port = await listen(nursery, FeedServer(door, rules).serve_stream, "127.0.0.1", 0)
        yield door, f"ws://127.0.0.1:{port}/?version=2"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def client(url: str) -> AsyncGenerator[WebSocketConnection]:
    """The socket beneath is closed by us: trio-websocket leaves it when the server parts first."""
    async with await trio.open_tcp_stream(*place_of(url)) as stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(nursery, stream, "127.0.0.1", "/?version=2")
        nursery.cancel_scope.cancel()


async def drain(socket: WebSocketConnection) -> None:
    while True:
        await socket.get_message()


async def test_a_client_that_does_not_repeat_its_list_is_dropped() -> None:
    async with streamer(forget_after_s=0.4) as (_, url), client(url) as socket:
        await socket.send_message('{"subscribe":["AAPL"]}')
        with trio.fail_after(5), pytest.raises(ConnectionClosed):
            await drain(socket)


async def test_a_client_that_repeats_its_list_stays() -> None:
    async with streamer(forget_after_s=0.6) as (door, url), client(url) as socket:
        for _ in range(12):
            await socket.send_message('{"subscribe":["AAPL","^NSEI"]}')
            await trio.sleep(0.1)
        assert await socket.get_message()
        assert door.statistics().subscriptions == 2


async def test_what_nobody_understands_is_passed_over() -> None:
    async with streamer(forget_after_s=60) as (door, url), client(url) as socket:
        for nonsense in ("{", '{"subscribe":7}', '{"subscribe":["NOBODY"],"unsubscribe":["AAPL"]}', "[]"):
            await socket.send_message(nonsense)
        await socket.send_message('{"subscribe":["AAPL"]}')
        assert await socket.get_message()
        assert door.statistics().subscriptions == 1


def test_the_first_version_of_the_protocol_is_not_spoken() -> None:
    rules = YahooFeedRules(open_exchange(SimulatorOptions(**OPTIONS)).doors[DOOR])

    assert rules.status("/", []) == 400
    assert rules.status("/?version=2", []) is None


async def called(running: Simulator, path: str, **query: object) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        url = running.addresses[DOOR].rest_url + path
        return await client.get(url, params={name: str(value) for name, value in query.items()})


def reason(response: httpx.Response) -> str:
    return response.json()["chart"]["error"]["description"]


async def chart(
    running: Simulator, start_s: int, end_s: int, interval: str = "1m", symbol: str = "AAPL"
) -> httpx.Response:
    return await called(running, f"/v8/finance/chart/{symbol}", period1=start_s, period2=end_s, interval=interval)


async def test_cookie_and_crumb_are_given_to_everybody() -> None:
    async with simulator(**OPTIONS) as running:
        cookie = await called(running, "/")
        crumb = await called(running, "/v1/test/getcrumb")

    assert (cookie.status_code, cookie.cookies["A3"]) == (404, "d")
    assert crumb.text


async def test_the_newest_price_is_a_row_of_its_own() -> None:
    async with simulator(**OPTIONS) as running:
        result = (await chart(running, START_S - 300, START_S + 300, symbol="%5ENSEI")).json()["chart"]["result"][0]

    times = result["timestamp"]
    assert times[-2] == START_S // 60 * 60
    assert times[-2] < times[-1] < times[-2] + 60
    assert result["indicators"]["quote"][0]["volume"][-1] == 0
    assert result["meta"]["tradingPeriods"]


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"start_s": START_S - 31 * DAY_S, "end_s": START_S - 30 * DAY_S}, 422, "within the last 30 days"),
    ({"start_s": START_S - 9 * DAY_S, "end_s": START_S}, 422, "Only 8 days worth"),
    ({"start_s": START_S - 61 * DAY_S, "end_s": START_S, "interval": "5m"}, 422, "within the last 60 days"),
    ({"start_s": START_S - 60, "end_s": START_S, "interval": "7m"}, 422, "interval=7m"),
    ({"start_s": "soon", "end_s": START_S}, 422, "period1"),
    ({"start_s": START_S + 600, "end_s": START_S + 660}, 400, "Data doesn't exist for startDate"),
    ({"start_s": START_S - 60, "end_s": START_S, "symbol": "NOBODY"}, 404, "may be delisted"),
]


@pytest.mark.parametrize(("wanted", "status", "told"), REFUSED)
async def test_what_yahoo_does_not_give_is_refused_with_a_reason(
    wanted: dict[str, Any], status: int, told: str
) -> None:
    async with simulator(**OPTIONS) as running:
        response = await chart(running, **wanted)

    assert response.status_code == status
    assert told in reason(response)


async def test_a_minute_that_is_lost_is_lost_here_only() -> None:
    async with simulator(**OPTIONS) as running:
        window = (START_S - 300, START_S - 240)
        whole = await chart(running, *window)
        lost = {"start_ns": (START_S - 300) * 10**9, "end_ns": START_S * 10**9}
        await post(running, "/control", {"provider": DOOR, "losses": [lost]})
        gone = await chart(running, *window)

    assert (whole.status_code, gone.status_code) == (200, 400)


async def test_search_finds_by_symbol_first() -> None:
    async with simulator(**OPTIONS) as running:
        hits = (await called(running, "/v1/finance/search", q="co", quotesCount=3)).json()["quotes"]

    assert len(hits) == 3
    assert all("CO" in hit["symbol"] + hit["longname"].upper() for hit in hits)
