"""The real adapter against the shipped exchange: what one streams, the other's history confirms, whatever goes wrong."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from engine.market.handover import Handover
from engine.market.tick import Tick
from engine.providers.base import Advice, Mode, Notification, ProviderError, Route
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.history import DatabentoHistory, DatabentoLimits
from engine.providers.databento.session import DatabentoFeed
from engine.providers.databento.wire import Patience
from engine.providers.keyring import Credential, Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.secret import Secret
from engine.providers.simulator.databento.traded import traded
from engine.providers.simulator.faults import parse_faults
from engine.providers.simulator.options import DoorOptions, SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from tests.providers.databento.streams import MINUTE, NOW, SECOND

Sift = Callable[[list[tuple[Any, Tick]]], list[tuple[Any, Tick]]]

DOOR = "simulator_databento"
QUICK = DatabentoLimits(calls_per_second=1000, timeout_s=10.0, silence_s=5.0)
FUTURES = ("COMEX", "NYMEX", "CME")


@asynccontextmanager
async def exchange(**options: Any) -> AsyncGenerator[Simulator]:
    wanted = {"instruments": 2, "world": True, "start_ns": NOW, "ticks_per_second": 600.0} | options
    async with trio.open_nursery() as nursery:
        yield await nursery.start(serve, SimulatorOptions(doors=(DoorOptions(DOOR),), **wanted))
        nursery.cancel_scope.cancel()


def account(simulator: Simulator, key: str = SimulatorOptions().token) -> tuple[Keyring, DatabentoEndpoints]:
    address = simulator.addresses[DOOR]
    keyring = Keyring(DOOR, Credential("databento", Secret(key)))
    return keyring, DatabentoEndpoints(address.feed_url, address.rest_url)


def feed_of(simulator: Simulator, **options: Any) -> DatabentoFeed:
    patience = Patience(heartbeat_s=1, silence_s=2.5)
    clock = options.pop("clock", lambda: simulator.exchange.now_ns)
    return DatabentoFeed(*account(simulator), name=DOOR, patience=patience, clock=clock, **options)


def history_of(simulator: Simulator, key: str = SimulatorOptions().token) -> DatabentoHistory:
    return DatabentoHistory(
        *account(simulator, key),
        name=DOOR,
        limits=QUICK,
        retry=RetryPolicy(attempts=1),
        clock=lambda: simulator.exchange.now_ns,
    )


def routes_of(simulator: Simulator, *exchanges: str) -> list[Route]:
    listings = simulator.exchange.market.listings
    return [
        Route(listings[index].instrument, segment, symbol, listings[index].tick_size, listings[index].kind, symbol)
        for (segment, symbol), index in simulator.exchange.doors[DOOR].places.items()
        if segment in exchanges
    ]


async def collect(
    feed: DatabentoFeed, routes: list[Route], ticks: list[Tick], enough: Callable[[], bool], *, since_ns: int = 0
) -> None:
    """Ticks of one connection until there are enough; a connection that ends raises."""
    decoder = feed.decoder(routes)
    async with feed.connect(routes, since_ns=since_ns) as connection:
        with trio.fail_after(20):
            while not enough():
                ticks += [tick for _, tick in decoder.decode(await connection.receive(), NOW + 3600 * SECOND)]


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_trade_goes_to_the_target_of_its_route(mode: Mode) -> None:
    async with exchange() as simulator:
        routes, ticks = routes_of(simulator, *FUTURES), list[Tick]()
        await collect(feed_of(simulator, mode=mode), routes, ticks, lambda: len(ticks) >= 200)

    assert {tick.instrument for tick in ticks} <= {"COMEX:GC", "COMEX:SI", "NYMEX:CL", "CME:ES", "CME:NQ"}
    assert all(tick.size > 0 and tick.volume is None and tick.provider == DOOR for tick in ticks)
    assert all((tick.bid is None) == (mode is Mode.TICKER) for tick in ticks)


def truth_of(simulator: Simulator, routes: list[Route], start_ns: int, end_ns: int) -> Counter[tuple[Any, ...]]:
    """What the exchange has traded in between."""
    door, market = simulator.exchange.doors[DOOR], simulator.exchange.market
    return Counter(
        (route.instrument, trade.time_ns, trade.price, trade.quantity)
        for route in routes
        for trade in traded(market, door.places[route.segment, route.security_id], start_ns, end_ns)
    )


def told_of(ticks: list[Tick]) -> Counter[tuple[Any, ...]]:
    return Counter((tick.instrument, tick.ts_event, tick.price, tick.size) for tick in ticks)


@pytest.mark.parametrize(
    "faults", ["close@0.5", "close@0.4,close@0.9,close@1.5", "disconnect=6@0.5", "lose@0.5,close@1"]
)
async def test_after_any_interruption_no_trade_is_lost_and_none_is_doubled(faults: str) -> None:
    async with exchange() as simulator:
        routes, ticks = routes_of(simulator, *FUTURES), list[Tick]()
        feed, began_ns, connections = feed_of(simulator), NOW, 0
        simulator.exchange.doors[DOOR].faults.plan(parse_faults(faults), now_s=simulator.exchange.elapsed_s)
        end_ns = NOW + 3 * SECOND
        seen_ns = NOW  # from the very beginning, so that all of it can be compared
        while simulator.exchange.now_ns < end_ns:
            connections += 1
            try:
                await collect(feed, routes, ticks, lambda: simulator.exchange.now_ns >= end_ns, since_ns=seen_ns)
            except ProviderError:
                seen_ns = simulator.exchange.now_ns  # what the caller believes: the feed knows better
        settled_ns = end_ns - SECOND
        truth = truth_of(simulator, routes, began_ns, settled_ns)

    told = told_of([tick for tick in ticks if tick.ts_event <= settled_ns])
    assert connections > 1
    assert told == truth
    assert len(truth) > 100


async def test_a_second_connection_takes_over_without_a_gap_or_a_doubled_trade() -> None:
    async with exchange() as simulator:
        routes, ticks = routes_of(simulator, *FUTURES), list[Tick]()
        feed = feed_of(simulator)
        old_decoder = feed.decoder(routes)

        async def read(decoder: Any, connection: Any, until_ns: int, sift: Sift) -> None:
            while simulator.exchange.now_ns < until_ns:
                told = decoder.decode(await connection.receive(), NOW + 3600 * SECOND)
                ticks.extend(tick for _, tick in sift(told))

        async with feed.connect(routes, since_ns=NOW) as old:
            await read(old_decoder, old, NOW + SECOND, list)
            async with feed.connect(routes, since_ns=simulator.exchange.now_ns) as new:
                new_decoder = feed.decoder(routes)
                newest = {tick.instrument: tick for tick in ticks}
                handover = Handover(newest, newest, trio.current_time())
                async with trio.open_nursery() as both:
                    both.start_soon(read, old_decoder, old, NOW + 2 * SECOND, handover.old)
                    both.start_soon(
                        read, new_decoder, new, NOW + 3 * SECOND, lambda told: handover.new(told, trio.current_time())
                    )
                ticks.extend(tick for _, tick in handover.finish())
        settled_ns = NOW + 2 * SECOND
        truth = truth_of(simulator, routes, NOW, settled_ns)

    assert told_of([tick for tick in ticks if tick.ts_event <= settled_ns]) == truth


async def test_a_connection_may_begin_long_ago() -> None:
    async with exchange() as simulator:
        routes, ticks = routes_of(simulator, "COMEX")[:1], list[Tick]()
        since_ns = NOW - 10 * MINUTE
        feed = feed_of(simulator)
        await collect(feed, routes, ticks, lambda: ticks[-1:] != [] and ticks[-1].ts_event > NOW, since_ns=since_ns)
        truth = truth_of(simulator, routes, since_ns, NOW)

    assert told_of([tick for tick in ticks if tick.ts_event <= NOW]) == truth
    assert len(truth) > 1000


async def test_a_line_that_garbles_is_replaced() -> None:
    async with exchange() as simulator:
        routes, ticks = routes_of(simulator, *FUTURES), list[Tick]()
        feed = feed_of(simulator)
        simulator.exchange.doors[DOOR].faults.plan(parse_faults("corrupt=1@0.3+10"), now_s=simulator.exchange.elapsed_s)
        with pytest.raises(ProviderError, match="can not be read on") as ended:
            await collect(feed, routes, ticks, lambda: False)

    assert ended.value.advice is Advice.RETRY


async def test_a_frozen_line_is_given_up_and_a_stalled_one_is_kept_by_heartbeats() -> None:
    async with exchange() as simulator:
        door, routes, ticks = simulator.exchange.doors[DOOR], routes_of(simulator, "COMEX"), list[Tick]()
        door.faults.plan(parse_faults("stall@0.2+3,freeze@4+10"), now_s=simulator.exchange.elapsed_s)
        began_s = trio.current_time()
        with pytest.raises(ProviderError, match="silent"):
            await collect(feed_of(simulator), routes, ticks, lambda: False)
        lasted_s = trio.current_time() - began_s

    assert lasted_s > 4.0
    assert ticks[-1].ts_event > NOW + 3 * SECOND


async def test_another_key_is_refused_by_gateway_and_history() -> None:
    async with exchange() as simulator:
        routes = routes_of(simulator, "COMEX")
        feed = DatabentoFeed(*account(simulator, "stale"), name=DOOR)
        with pytest.raises(ProviderError) as refused_feed:
            async with feed.connect(routes):
                pass
        with pytest.raises(ProviderError) as refused_history:
            await history_of(simulator, "stale").minutes(routes[0], NOW - MINUTE, NOW)

    assert refused_feed.value.advice is refused_history.value.advice is Advice.NEW_TOKEN


@pytest.mark.parametrize(
    ("fault", "advice"), [("refuse", Advice.NEW_TOKEN), ("429=3", Advice.WAIT), ("error", Advice.RETRY)]
)
async def test_refusals_are_told_with_what_to_do_about_them(fault: str, advice: Advice) -> None:
    async with exchange() as simulator:
        simulator.exchange.doors[DOOR].faults.plan(parse_faults(fault), now_s=simulator.exchange.elapsed_s)
        routes = routes_of(simulator, "COMEX")
        with pytest.raises(ProviderError) as refused:
            await history_of(simulator).minutes(routes[0], NOW - MINUTE, NOW)
        if fault != "error":
            with pytest.raises(ProviderError) as refused:
                async with feed_of(simulator).connect(routes):
                    pass
    assert refused.value.advice is advice


async def test_a_symbol_nobody_knows_is_told() -> None:
    told: list[Notification] = []
    strange = Route("COMEX:XX", "COMEX", "XX.c.0", 0.1, "future")
    async with exchange() as simulator:
        routes = [*routes_of(simulator, "COMEX"), strange]
        async with feed_of(simulator).connect(routes, notify=told.append) as connection:
            with trio.fail_after(5):
                while not told:
                    await connection.receive()

    assert told[0].data["text"] == "XX.c.0 did not resolve"


async def test_the_history_of_every_instrument_confirms_its_stream() -> None:
    async with exchange(speed=60.0) as simulator:
        routes, ticks = routes_of(simulator, *FUTURES), list[Tick]()
        await collect(feed_of(simulator), routes, ticks, lambda: len(ticks) >= 3000)
        history = history_of(simulator)
        for route in routes:
            candles = {c.time: c for c in await history.minutes(route, NOW - MINUTE, NOW + 3600 * SECOND)}
            for tick in (tick for tick in ticks if tick.instrument == route.instrument):
                bar = candles[tick.ts_event // MINUTE * MINUTE]
                assert bar.low <= tick.price <= bar.high
        prices = await history.last_prices(routes)

    assert set(prices) == {route.instrument for route in routes}


async def test_the_candles_of_the_record_are_what_was_traded() -> None:
    async with exchange(speed=60.0) as simulator:
        (route, *_), ticks = routes_of(simulator, "COMEX"), list[Tick]()
        await collect(
            feed_of(simulator), [route], ticks, lambda: simulator.exchange.now_ns > NOW + 3 * MINUTE, since_ns=NOW
        )
        candles = await history_of(simulator).minutes(route, NOW, NOW + 2 * MINUTE)

    assert len(candles) == 2
    for candle in candles:
        inside = [tick for tick in ticks if candle.time <= tick.ts_event < candle.time + MINUTE]
        prices = [tick.price for tick in inside]
        assert (candle.open, candle.close) == (prices[0], prices[-1])
        assert (candle.high, candle.low) == (max(prices), min(prices))
        assert candle.volume == sum(tick.size for tick in inside)


async def test_hours_are_made_of_the_same_minutes() -> None:
    async with exchange() as simulator:
        history, (route, *_) = history_of(simulator), routes_of(simulator, "COMEX")
        start_ns = NOW // (60 * MINUTE) * 60 * MINUTE - 3 * 60 * MINUTE
        minutes = await history.minutes(route, start_ns, start_ns + 60 * MINUTE)
        (hour,) = await history.candles(route, "1h", start_ns, start_ns + 60 * MINUTE)

    assert (hour.open, hour.close, hour.volume) == (
        minutes[0].open,
        minutes[-1].close,
        sum(minute.volume for minute in minutes),
    )
