"""Charts and screeners over real sockets: history first, then what comes, with no seam between."""

import contextlib
from typing import Any

import anyio
import pytest

from engine.market import Candle
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.process import Client, Web, until
from web.sockets.histories import AT_ONCE

pytestmark = pytest.mark.anyio


async def history(client: Client, symbol: str = "RELIANCE", **wanted: Any) -> list[Any]:
    """All chunks of a chart's history."""
    await client.send(**{"type": "get_history", "symbol": symbol, "timeframe": "1m", **wanted})
    chunks: list[Any] = []
    while not chunks or chunks[-1]["more"]:
        chunks.append(await client.until(lambda message: message.get("type") in ("historical_candles", "error")))
        assert chunks[-1]["type"] == "historical_candles", chunks[-1]
    return chunks


def minutes_ago(web: Web, minutes: int) -> int:
    return web.system.clock.now_ns() // MINUTE - NOON // MINUTE - minutes


async def test_a_chart_begins_with_its_history_and_goes_on_live(web: Web, engine: Engine) -> None:
    minute = minutes_ago(web, 3)
    past = [candle(minute + number, 1.0 + number) for number in range(3)]
    await web.services.hot.write_candles(past)
    await engine.close(*past)
    async with web.client() as client:
        [chunk] = await history(client, timeframe="1Min", bars=2)
        assert [(row["time"], row["close"]) for row in chunk["candles"]] == [
            (one.time // 1_000_000, one.close) for one in past[1:]
        ]
        assert (chunk["symbol"], chunk["instrument"], chunk["timeframe"]) == ("RELIANCE", "NSE:RELIANCE", "1m")
        (outbox,) = web.services.hub.outboxes
        await until(lambda: len(outbox.channels) == 2)
        await engine.trade(9.0)
        tick = await client.until(lambda message: message.get("type") == "tick" and message["price"] == 9.0)
        assert (tick["symbol"], tick["size"]) == ("RELIANCE", 1)
        closed = candle(minute + 3, 9.5)
        [offset] = await engine.close(closed)
        told = await client.until(lambda message: message.get("type") == "candle")
        assert (told["timeframe"], told["offset"]) == ("1m", offset)
        assert (told["data"]["time"], told["data"]["close"]) == (closed.time // 1_000_000, 9.5)


async def test_a_long_history_comes_in_chunks(web: Web, engine: Engine) -> None:
    first = minutes_ago(web, 3_000)
    await web.services.durable.save([candle(first + number, 1.0 + number) for number in range(2_600)])
    async with web.client() as client:
        chunks = await history(client, bars=2_500)
        assert [(len(chunk["candles"]), chunk["more"]) for chunk in chunks] == [
            (1000, True),
            (1000, True),
            (500, False),
        ]
        closes = [row["close"] for chunk in chunks for row in chunk["candles"]]
        assert closes == [1.0 + number for number in range(100, 2_600)]


async def test_what_closes_while_the_history_is_read_is_told_once(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = minutes_ago(web, 10)
    read = web.services.reader.__class__.rows

    async def slow(*arguments: Any) -> Any:
        """Two candles close before the reading, which so finds them; a third one after it."""
        if engine.events:  # older portions
            return await read(*arguments)
        await close(engine, candle(minute, 1.0), candle(minute + 1, 2.0))
        found = await read(*arguments)
        await close(engine, candle(minute + 2, 3.0), candle(minute, 1.5, state="revised", revision=1))
        return found

    async with web.client() as client:
        with monkeypatch.context() as patch:
            patch.setattr("engine.storage.history.CandleReader.rows", slow)
            [chunk] = await history(client)
        assert [row["close"] for row in chunk["candles"]] == [1.0, 2.0]
        await close(engine, candle(minute + 3, 4.0))
        told: list[float] = []
        while 4.0 not in told:
            message = await client.until(lambda message: message.get("type") == "candle")
            told.append(message["data"]["close"])
        assert told == [3.0, 1.5, 4.0]


async def close(engine: Engine, *candles: Candle) -> None:
    """As the engine does it: kept first, told then."""
    await engine.hot.write_candles(candles)
    await engine.close(*candles)


async def test_a_process_reads_so_many_histories_at_a_time_and_a_client_that_leaves_gives_its_turn_away(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reading, most, go_on = web.services.reader.__class__.rows, 0, 0, anyio.Event()

    async def held(*arguments: Any) -> Any:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        try:
            await go_on.wait()
            return await read(*arguments)
        finally:
            reading -= 1

    monkeypatch.setattr("engine.storage.history.CandleReader.rows", held)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(web.client()) for _ in range(AT_ONCE + 1)]
        for client in clients:
            for timeframe in ("1m", "5m"):
                await client.send(type="get_history", symbol="TCS", timeframe=timeframe)
        await until(lambda: reading == AT_ONCE)
        await clients[0].ask(type="ping")
    await until(lambda: reading == 0 and len(web.services.sessions) == 0)
    assert most == AT_ONCE
    go_on.set()
    async with web.client() as client:
        await history(client)


async def test_several_charts_run_on_one_socket_and_end_one_by_one(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await history(client)
        await history(client, timeframe="5m")
        await history(client, symbol="TCS")
        hub = web.services.hub
        (outbox,) = hub.outboxes
        names = ["RELIANCE.1m", "tick.RELIANCE", "RELIANCE.5m", "TCS.1m", "tick.TCS"]
        await until(lambda: [channel.name for channel in outbox.channels] == names)
        ended = {"type": "unsubscribe", "symbol": "RELIANCE", "timeframe": "1m"}
        told = await client.ask(**ended)
        assert told == {"type": "unsubscribed", "symbol": "RELIANCE", "timeframe": "1m"}
        assert [channel.name for channel in outbox.channels] == names[1:]
        assert (await client.ask(**ended))["code"] == 400
        await client.ask(**ended | {"timeframe": "5m"})
        assert [channel.name for channel in outbox.channels] == names[3:]


async def test_a_chart_is_shown_through_a_view_from_history_to_live(web: Web, engine: Engine) -> None:
    minute = minutes_ago(web, 3)
    past = [candle(minute + number, 1.0 + number) for number in range(3)]
    await web.services.hot.write_candles(past)
    async with web.client() as client:
        [chunk] = await history(client, continuous=True, bars=2)
        assert [(row["open"], row["close"]) for row in chunk["candles"]] == [(1.0, 2.0), (2.0, 3.0)]
        assert chunk["view"] == {"continuous": True}
        await engine.close(candle(minute + 3, 9.5))
        told = await client.until(lambda message: message.get("type") == "candle")
        assert (told["data"]["open"], told["data"]["close"]) == (3.0, 9.5)


async def test_a_chart_nobody_can_show_is_an_error(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        told = await client.ask(type="get_history", symbol="RELIANC", timeframe="1m")
        assert (told["type"], told["code"], told["symbol"]) == ("error", 400, "RELIANC")
        assert (await client.ask(type="get_history", symbol="TCS", timeframe="7q"))["code"] == 400
        assert (await client.ask(type="get_history", symbol="TCS", timeframe="1m", bars=10_001))["code"] == 400
        assert (await client.ask(type="ping")) == {"type": "pong"}


async def test_a_chart_that_is_ended_while_it_is_read_is_shown_no_more(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.sockets.charts.CHUNK", 1)
    monkeypatch.setattr("web.sockets.charts.LOOK_S", 60.0)
    await web.services.hot.write_candles([candle(minutes_ago(web, 5) + number) for number in range(3)])
    async with web.client() as client:
        await client.ask(type="get_history", symbol="TCS", timeframe="1m")
        (outbox,) = web.services.hub.outboxes
        monkeypatch.setattr("web.sockets.line.CONGESTED_BYTES", -1)
        await client.send(type="get_history", symbol="RELIANCE", timeframe="1m")
        await client.send(type="get_history", symbol="TCS", timeframe="5m")
        await client.send(type="unsubscribe", symbol="TCS", timeframe="5m")
        await client.send(type="unsubscribe", symbol="RELIANCE", timeframe="1m")
        await client.send(type="ping")
        monkeypatch.setattr("web.sockets.line.CONGESTED_BYTES", 65536)
        await client.until(lambda message: message["type"] == "pong")
        assert {channel.symbol for channel in outbox.channels} <= {"TCS"}


async def test_a_screener_gets_the_newest_prices_of_its_keys(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    await engine.store(2.5, "TCS")
    async with web.client() as client:
        answer = await client.ask(
            type="subscribe", channel="dashboard_updates", keys=["NSE_EQ:0", "NSE:TCS", "NSE:NOBODY"]
        )
        assert (answer["type"], answer["keys"]) == ("subscribed", ["NSE_EQ:0", "NSE:TCS"])
        assert [(error["key"], error["code"]) for error in answer["errors"]] == [("NSE:NOBODY", 400)]
        batch = await client.until(lambda message: "updates" in message)
        assert batch["type"] == "screener_ltp_batch_update"
        assert {update["symbol"]: update["ltp"] for update in batch["updates"]} == {"NSE_EQ:0": 1.5, "NSE:TCS": 2.5}
        await engine.trade(3.5)
        update = await client.receive()
        assert update == {
            "type": "screener_ltp_update", "symbol": "NSE_EQ:0", "instrument_id": "NSE:RELIANCE", "ltp": 3.5,
            "timestamp": NOON // 1_000_000, "source": "stream", "segment": "NSE_EQ", "security_id": "0",
        }  # fmt: skip
        answer = await client.ask(type="unsubscribe", channel="dashboard_updates", keys=["NSE_EQ:0"])
        assert (answer["type"], answer["keys"]) == ("unsubscribed", ["NSE:TCS"])
