"""The real adapter against the shipped exchange as Yahoo: what one streams, the other's history confirms."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from engine.market.candle import Candle, CandleState
from engine.market.tick import Tick
from engine.providers.base import Advice, Connection, ProviderError, Route
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.faults import FaultKind
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.providers.socket import Patience
from engine.providers.yahoo.decoder import YahooDecoder
from engine.providers.yahoo.rest import YahooHistory, YahooLimits
from engine.providers.yahoo.session import YahooFeed
from tests.providers.simulator.markets import post
from tests.providers.yahoo.routes import NOW_NS, SECOND

DOOR = "simulator_yahoo"
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
FAST = YahooLimits(calls_per_second=1_000, cool_off_s=0.05)
PATIENCE = Patience(connect_s=5, send_s=5, silence_s=1.5, goodbye_s=0.5)


@asynccontextmanager
async def exchange(**options: Any) -> AsyncGenerator[Simulator]:
    async with trio.open_nursery() as nursery:
        wanted: dict[str, Any] = {
            "instruments": 12,
            "world": True,
            "doors": (DoorOptions(DOOR),),
            "start_ns": NOW_NS,
            **options,
        }
        yield await nursery.start(serve, SimulatorOptions(**wanted))
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def record(simulator: Simulator, retry: RetryPolicy | None = None) -> AsyncGenerator[YahooHistory]:
    history = YahooHistory(
        simulator.addresses[DOOR].rest_url,
        name=DOOR,
        limits=FAST,
        retry=retry or RetryPolicy(attempts=1),
        now_ns=lambda: simulator.exchange.now_ns,
    )
    try:
        yield history
    finally:
        history.close()


def feed_of(simulator: Simulator, *, heartbeat_s: float = 0.1) -> YahooFeed:
    url = simulator.addresses[DOOR].feed_url
    return YahooFeed(url, name=DOOR, heartbeat_s=heartbeat_s, patience=PATIENCE, cool_off_s=0.05)


def routes_of(simulator: Simulator) -> list[Route]:
    listings = simulator.exchange.market.listings
    return [
        Route(listing.instrument, *key, listing.tick_size, listing.kind, target=listing.instrument)
        for key, index in simulator.exchange.doors[DOOR].places.items()
        for listing in (listings[index],)
    ]


async def listen(feed: YahooFeed, routes: Sequence[Route], wanted: int) -> tuple[list[Tick], YahooDecoder]:
    decoder = feed.decoder(routes)
    ticks: list[Tick] = []
    async with feed.connect(routes) as connection:
        with trio.fail_after(20):
            while len(ticks) < wanted:
                for target, tick in decoder.decode(await connection.receive(), NOW_NS + DAY):
                    assert target == tick.instrument
                    ticks.append(tick)
    return ticks, decoder


async def test_every_kind_of_instrument_ticks_and_its_history_confirms_it() -> None:
    async with exchange(ticks_per_second=400, speed=60.0) as simulator:
        routes = routes_of(simulator)
        ticks, decoder = await listen(feed_of(simulator), routes, 2_000)
        statistics = decoder.statistics()
        assert (statistics.malformed, statistics.unmapped, statistics.unpriced, statistics.untimed) == (0, 0, 0, 0)
        by_name = {
            route.instrument: [tick for tick in ticks if tick.instrument == route.instrument] for route in routes
        }
        assert {"NASDAQ:AAPL", "COMEX:GC", "NSE:NIFTY", "NSE:RELIANCE"} <= {
            name for name, told in by_name.items() if told
        }
        async with record(simulator) as history:
            for name in ("NASDAQ:AAPL", "COMEX:GC", "NSE:NIFTY", "NSE:RELIANCE"):
                route = next(route for route in routes if route.instrument == name)
                confirm(await history.minutes(route, NOW_NS - 60 * MINUTE, NOW_NS + DAY), by_name[name])
            assert set(await history.last_prices(routes)) == {route.instrument for route in routes}


def confirm(candles: Sequence[Candle], ticks: Sequence[Tick]) -> None:
    bars = {candle.time: candle for candle in candles}
    for tick in ticks:
        bar = bars[tick.ts_event // MINUTE * MINUTE]
        assert bar.low <= tick.price <= bar.high, bar.instrument


async def test_volume_is_the_running_total_save_for_indices() -> None:
    async with exchange(ticks_per_second=400) as simulator:
        ticks, _ = await listen(feed_of(simulator), routes_of(simulator), 600)

    apples = [tick for tick in ticks if tick.instrument == "NASDAQ:AAPL"]
    assert all(tick.volume is None for tick in ticks if tick.instrument == "NSE:NIFTY")
    volumes = [tick.volume or 0 for tick in apples]
    assert volumes == sorted(volumes)
    assert sum(tick.size for tick in apples[1:]) == volumes[-1] - volumes[0]
    assert all(tick.day_high and tick.day_low and tick.day_low <= tick.price <= tick.day_high for tick in apples)
    assert {tick.previous_close for tick in apples} == {apples[0].previous_close}


async def test_every_timeframe_is_made_of_the_same_minutes() -> None:
    async with exchange(start_ns=NOW_NS + 40 * SECOND, ticks_per_second=400) as simulator, record(simulator) as history:
        route = next(route for route in routes_of(simulator) if route.instrument == "COMEX:GC")
        minutes = await history.minutes(route, NOW_NS - DAY, NOW_NS + DAY)
        assert [minute.state for minute in minutes[-2:]] == [CandleState.FINAL, CandleState.FORMING]
        for timeframe, length in (("5m", 5), ("15m", 15), ("1h", 60)):
            for bar in (await history.candles(route, timeframe, NOW_NS - DAY // 2, NOW_NS))[1:-1]:
                parts = [part for part in minutes if bar.time <= part.time < bar.time + length * MINUTE]
                assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
                assert bar.volume == sum(part.volume for part in parts)


async def test_days_and_their_adjusted_closes_are_those_of_the_exchange() -> None:
    async with exchange() as simulator, record(simulator) as history:
        exchange_hours = simulator.exchange.market
        route = next(route for route in routes_of(simulator) if route.instrument == "NASDAQ:AAPL")
        index = simulator.exchange.doors[DOOR].places["NASDAQ", "AAPL"]
        told = await history.candles(route, "1d", NOW_NS - 10 * DAY, NOW_NS - DAY)
        truth = exchange_hours.days(index, NOW_NS - 10 * DAY, NOW_NS - DAY)
        assert [(day.time, *day.row[:5]) for day in told] == [(day.time, *day.row[:5]) for day in truth]
        assert len(told) == 9


async def test_symbols_are_found_by_name() -> None:
    async with exchange() as simulator, record(simulator) as history:
        (hit,) = [found for found in await history.search("apple") if found.kind == "equity"]

    assert (hit.symbol, hit.exchange) == ("AAPL", "NMS")


async def test_what_is_older_than_yahoo_goes_back_is_simply_not_there() -> None:
    async with exchange(ticks_per_second=1) as simulator, record(simulator) as history:
        route = routes_of(simulator)[0]
        candles = await history.minutes(route, NOW_NS - 45 * DAY, NOW_NS - 29 * DAY)
        gone = Route("NASDAQ:GONE", "NASDAQ", "GONE", 0.01, "equity")
        with pytest.raises(ProviderError, match="delisted") as raised:
            await history.minutes(gone, NOW_NS - MINUTE, NOW_NS)

    assert min(candle.time for candle in candles) >= NOW_NS - 30 * DAY
    assert raised.value.advice is Advice.FIX_REQUEST


# Faults


async def plan(simulator: Simulator, faults: str) -> None:
    await post(simulator, "/control", {"provider": DOOR, "faults": faults, "clear": True})


async def drain(connection: Connection) -> None:
    while True:
        await connection.receive()


@pytest.mark.parametrize("faults", ["close", "disconnect", "freeze+5"])
async def test_a_lost_line_is_told_and_the_next_connection_goes_on(faults: str) -> None:
    async with exchange(ticks_per_second=400) as simulator:
        routes, feed = routes_of(simulator), feed_of(simulator)
        async with feed.connect(routes) as connection:
            await connection.receive()
            await plan(simulator, faults)
            with trio.fail_after(10), pytest.raises(ProviderError) as raised:
                await drain(connection)
        assert raised.value.advice is Advice.RETRY
        await plan(simulator, "")
        assert (await listen(feed, routes, 50))[0]


async def test_a_stalled_feed_is_still_alive() -> None:
    async with (
        exchange(ticks_per_second=400) as simulator,
        feed_of(simulator).connect(routes_of(simulator)) as connection,
    ):
        await plan(simulator, "stall+99")
        with trio.move_on_after(1.5 * PATIENCE.silence_s) as long:
            await drain(connection)
        assert long.cancelled_caught
        assert trio.current_time() - connection.heard_s < PATIENCE.silence_s


async def test_corrupt_messages_are_counted_and_the_rest_goes_on() -> None:
    async with exchange(ticks_per_second=400, doors=(DoorOptions(DOOR, faults="corrupt=0.5+999"),)) as simulator:
        ticks, decoder = await listen(feed_of(simulator), routes_of(simulator), 300)

    statistics = decoder.statistics()
    spoilt = statistics.malformed + statistics.unmapped + statistics.untimed + statistics.unpriced
    assert spoilt
    assert statistics.packets == statistics.ticks + statistics.malformed + statistics.unmapped + statistics.unpriced
    assert len(ticks) >= 300


async def test_forgotten_subscriptions_are_taken_up_again_with_the_next_heartbeat() -> None:
    async with exchange(ticks_per_second=400) as simulator:
        door = simulator.exchange.doors[DOOR]
        async with feed_of(simulator, heartbeat_s=1.0).connect(routes_of(simulator)) as connection:
            await connection.receive()
            await plan(simulator, "lose")
            for wanted in (0, len(door.places)):
                with trio.fail_after(10):
                    while door.statistics().subscriptions != wanted:
                        await trio.sleep(0.005)
            assert await connection.receive()


@pytest.mark.parametrize(
    ("faults", "advice"), [("refuse", Advice.WAIT), ("refuse=403", Advice.WAIT), ("429=7", Advice.WAIT)]
)
async def test_a_refusal_is_told_by_feed_and_record(faults: str, advice: Advice) -> None:
    async with exchange() as simulator, record(simulator) as history:
        routes = routes_of(simulator)
        await plan(simulator, faults + "+999")
        assert simulator.exchange.doors[DOOR].fails(FaultKind.LIMIT if "429" in faults else FaultKind.REFUSE)
        with pytest.raises(ProviderError) as by_feed:
            async with feed_of(simulator).connect(routes):
                pass
        with pytest.raises(ProviderError) as by_record:
            await history.last_prices(routes)

    assert by_feed.value.advice is by_record.value.advice is advice
    assert by_feed.value.wait_s == by_record.value.wait_s == (7.0 if "429" in faults else 0.05)


async def test_a_server_error_is_tried_again_until_it_is_over() -> None:
    async with exchange() as simulator:
        eager = RetryPolicy(attempts=20, initial_s=0.05, factor=1)
        async with record(simulator, eager) as history:
            await plan(simulator, "error+0.3")
            assert await history.last_prices(routes_of(simulator))
