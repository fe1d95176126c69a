"""The door that speaks Kite, asked as others than our adapter would ask it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from engine.providers.kite.codec import HEARTBEAT, FullPacket, LtpPacket, QuotePacket, decode_frame
from engine.providers.simulator.kite.names import kite_name
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, DoorOptions
from engine.providers.simulator.server import Simulator
from tests.providers.simulator.markets import at, simulator

NAME = "simulator_kite"
NOW = at("2026-11-20 10:30:00")
RELIANCE = 2885 << 8 | 1
ACCOUNT = {"Authorization": f"token {SIMULATED_CLIENT_ID}:{SIMULATED_TOKEN}"}


@asynccontextmanager
async def exchange(**options: Any) -> AsyncGenerator[Simulator]:
    given: dict[str, Any] = {"instruments": 10, "start_ns": NOW, "ticks_per_second": 100}
    async with simulator(doors=(DoorOptions(NAME),), **(given | options)) as running:
        yield running


@asynccontextmanager
async def caller(headers: dict[str, str] = ACCOUNT, **options: Any) -> AsyncGenerator[httpx.AsyncClient]:
    async with exchange(**options) as running:
        url = running.addresses[NAME].rest_url
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            yield client


@asynccontextmanager
async def client(**options: Any) -> AsyncGenerator[WebSocketConnection]:
    async with exchange(**options) as running:
        account = f"api_key={SIMULATED_CLIENT_ID}&access_token={SIMULATED_TOKEN}"
        with trio.fail_after(20):
            async with open_websocket_url(f"{running.addresses[NAME].feed_url}/?{account}") as socket:
                yield socket


async def test_a_quote_is_asked_for_by_name_or_by_token_and_is_called_as_it_was_asked_for() -> None:
    async with caller() as client:
        asked: list[tuple[str, str | int | float | bool | None]] = [
            ("i", "NSE:RELIANCE"),
            ("i", str(RELIANCE)),
            ("i", "NSE:NIFTY 50"),
            ("i", "NSE:NOBODY"),
        ]
        answer = (await client.get("/quote/ohlc", params=asked)).json()

    assert answer["status"] == "success"
    assert set(answer["data"]) == {"NSE:RELIANCE", str(RELIANCE), "NSE:NIFTY 50"}
    reliance = answer["data"]["NSE:RELIANCE"]
    assert reliance == answer["data"][str(RELIANCE)]
    assert reliance["instrument_token"] == RELIANCE
    assert reliance["ohlc"]["low"] <= reliance["last_price"] <= reliance["ohlc"]["high"]


@pytest.mark.recorded
async def test_a_full_quote_says_all_that_a_recorded_one_does(recordings: Any) -> None:
    recorded = msgspec.json.decode((recordings / "kite/mocks/quote.json").read_bytes())["data"]["NSE:INFY"]
    async with caller() as client:
        quote = (await client.get("/quote", params={"i": "NSE:RELIANCE"})).json()["data"]["NSE:RELIANCE"]

    assert set(quote) == set(recorded)
    assert [set(row) for row in quote["depth"]["buy"]] == [set(row) for row in recorded["depth"]["buy"]]


WRONG = [
    ("/instruments/historical/1/minute?from=2026-11-20&to=2026-11-20", "invalid token"),
    (f"/instruments/historical/{RELIANCE}/2minute?from=2026-11-20&to=2026-11-20", "invalid interval"),
    (f"/instruments/historical/{RELIANCE}/minute?from=yesterday&to=today", "invalid from or to date"),
    (f"/instruments/historical/{RELIANCE}/minute?from=2026-01-01&to=2026-11-20", "60 days"),
    ("/quote?" + "&".join(f"i={number}" for number in range(501)), "500"),
]


@pytest.mark.parametrize(("path", "message"), WRONG)
async def test_what_can_not_be_asked_is_refused_as_kite_does(path: str, message: str) -> None:
    async with caller() as client:
        answer = await client.get(path)

    assert answer.status_code == 400
    assert answer.json()["error_type"] == "InputException"
    assert message in answer.json()["message"]


async def test_a_stranger_is_refused_and_other_calls_are_unknown() -> None:
    async with caller(headers={}) as client:
        stranger, unknown = await client.get("/quote/ltp"), await client.get("/portfolio/holdings")

    assert (stranger.status_code, stranger.json()["error_type"]) == (403, "TokenException")
    assert unknown.status_code == 404


async def test_the_documented_rates_are_counted() -> None:
    async with caller(rate_limits=True) as client:
        statuses = [(await client.get("/quote/ltp", params={"i": "NSE:RELIANCE"})).status_code for _ in range(2)]

    assert statuses == [200, 429]


async def next_of(socket: WebSocketConnection, kind: type[Any]) -> Any:
    """The first packet of a kind, or the next text or heartbeat."""
    while True:
        message = await socket.get_message()
        if isinstance(message, kind):
            if not isinstance(message, bytes) or message == HEARTBEAT:
                return message
        elif isinstance(message, bytes):
            found = [packet for packet in decode_frame(message) if type(packet) is kind]
            if found:
                return found[0]


async def test_a_subscription_begins_in_quote_mode_and_changes_on_request() -> None:
    async with client() as socket:
        await socket.send_message(f'{{"a":"subscribe","v":[{RELIANCE}]}}')
        assert (await next_of(socket, QuotePacket)).token == RELIANCE
        await socket.send_message(f'{{"a":"mode","v":["full",[{RELIANCE}]]}}')
        assert (await next_of(socket, FullPacket)).token == RELIANCE
        await socket.send_message(f'{{"a":"mode","v":["ltp",[{RELIANCE}]]}}')
        assert (await next_of(socket, LtpPacket)).token == RELIANCE


async def test_a_byte_comes_even_when_nothing_is_subscribed() -> None:
    async with client() as socket:
        assert await next_of(socket, bytes) == HEARTBEAT


@pytest.mark.parametrize(
    "request_text", ["hello", "[]", '{"a":"dance","v":[1]}', '{"a":"mode","v":["loud",[1]]}', '{"a":"mode","v":"full"}']
)
async def test_what_is_not_understood_is_told_in_words(request_text: str) -> None:
    async with client() as socket:
        await socket.send_message(request_text)

        told = msgspec.json.decode(await next_of(socket, str))

    assert told["type"] == "error"
    assert told["data"]


async def test_tokens_written_as_text_and_modes_of_what_is_not_subscribed_are_passed_over_without_a_word() -> None:
    async with exchange() as running:
        door = running.exchange.doors[NAME]
        account = f"api_key={SIMULATED_CLIENT_ID}&access_token={SIMULATED_TOKEN}"
        async with open_websocket_url(f"{running.addresses[NAME].feed_url}/?{account}") as socket:
            for text in (f'["{RELIANCE}"]', "[true, null, 7]"):
                await socket.send_message(f'{{"a":"subscribe","v":{text}}}')
            await socket.send_message(f'{{"a":"mode","v":["full",[{RELIANCE}]]}}')
            await socket.send_message("the last one")
            with trio.fail_after(10):
                while isinstance(await socket.get_message(), bytes):
                    pass
            assert door.statistics().subscriptions == 0


async def test_no_more_than_three_thousand_are_taken_on_one_connection() -> None:
    async with exchange(instruments=3_010, ticks_per_second=10) as running:
        door = running.exchange.doors[NAME]
        names = [kite_name(listing) for listing in running.exchange.market.listings]
        tokens = [name.token for name in names if name is not None]
        account = f"api_key={SIMULATED_CLIENT_ID}&access_token={SIMULATED_TOKEN}"
        async with open_websocket_url(f"{running.addresses[NAME].feed_url}/?{account}") as socket:
            await socket.send_message(msgspec.json.encode({"a": "subscribe", "v": tokens}).decode())
            with trio.fail_after(20):
                assert "3000" in await next_of(socket, str)
            assert door.statistics().subscriptions == 3_000
