"""The real adapter against the shipped exchange: what one streams, the other's history confirms."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from engine.market.candle import Candle
from engine.market.tick import Tick
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from tests.providers.dhan.routes import NOW_NS, SECOND

MINUTE = 60 * SECOND


@asynccontextmanager
async def exchange(**options: Any) -> AsyncGenerator[Simulator]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(serve, SimulatorOptions(**options))
        nursery.cancel_scope.cancel()


def account(simulator: Simulator, token: str = SimulatorOptions().token) -> tuple[Keyring, DhanEndpoints]:
    credentials = Keyring.holding("dhan", SimulatorOptions().client_id, token)
    return credentials, DhanEndpoints(feed_url=simulator.feed_url, rest_url=simulator.rest_url)


def routes_of(simulator: Simulator) -> list[Route]:
    return [
        Route(
            listing.instrument,
            listing.segment,
            str(listing.security_id),
            listing.tick_size,
            listing.kind,
            target=listing.instrument,
        )
        for listing in simulator.exchange.market.listings
    ]


async def collect(feed: DhanFeed, routes: list[Route], wanted: int) -> list[tuple[Any, Tick]]:
    decoder = feed.decoder(routes)
    ticks: list[tuple[Any, Tick]] = []
    async with feed.connect(routes) as connection:
        with trio.fail_after(20):
            while len(ticks) < wanted:
                ticks += decoder.decode(await connection.receive(), NOW_NS)
    statistics = decoder.statistics()
    assert (statistics.malformed, statistics.unmapped, statistics.unknown_codes) == (0, 0, 0)
    return ticks


@pytest.mark.parametrize("mode", ["ticker", "quote", "full"])
async def test_every_tick_goes_to_the_target_of_its_route(mode: str) -> None:
    async with exchange(instruments=20, ticks_per_second=400) as simulator:
        routes = routes_of(simulator)
        ticks = await collect(DhanFeed(*account(simulator), mode=mode, name="simulator"), routes, 200)

    assert all(target == tick.instrument and tick.provider == "simulator" for target, tick in ticks)
    assert {tick.instrument for _, tick in ticks} <= {route.instrument for route in routes}
    with_volume = {tick.instrument for _, tick in ticks if tick.volume is not None}
    indices = {route.instrument for route in routes if route.segment == "IDX_I"}
    assert not with_volume & indices
    assert bool(with_volume) == (mode != "ticker")


async def test_the_history_of_every_kind_of_instrument_confirms_its_stream() -> None:
    async with exchange(instruments=20, ticks_per_second=200, start_ns=NOW_NS, speed=60.0) as simulator:
        routes = routes_of(simulator)
        ticks = await collect(DhanFeed(*account(simulator), mode="quote"), routes, 3000)
        history = DhanHistory(*account(simulator), limits=DhanLimits(charts_per_second=1000))
        try:
            ticked = {tick.instrument for _, tick in ticks}
            for route in {route.kind: route for route in routes if route.instrument in ticked}.values():
                candles = await history.minutes(route, NOW_NS - 60 * MINUTE, NOW_NS + 60 * MINUTE)
                assert_confirmed(route, candles, [tick for _, tick in ticks if tick.instrument == route.instrument])
            prices = await history.last_prices(routes)
            assert set(prices) == {route.instrument for route in routes}
        finally:
            history.close()


async def test_every_timeframe_offered_is_made_of_the_same_minutes() -> None:
    async with exchange(instruments=3, start_ns=NOW_NS) as simulator:
        route = routes_of(simulator)[0]
        history = DhanHistory(*account(simulator), limits=DhanLimits(charts_per_second=1000))
        minutes = await history.candles(route, "1m", NOW_NS - 24 * 60 * MINUTE, NOW_NS)
        try:
            for timeframe, length in (("5m", 5), ("15m", 15), ("1h", 60)):
                for bar in (await history.candles(route, timeframe, NOW_NS - 12 * 60 * MINUTE, NOW_NS))[1:-1]:
                    parts = [part for part in minutes if bar.time <= part.time < bar.time + length * MINUTE]
                    assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
                    assert (bar.high, bar.low) == (max(p.high for p in parts), min(p.low for p in parts))
                    assert bar.volume == sum(part.volume for part in parts)
        finally:
            history.close()


def assert_confirmed(route: Route, candles: list[Candle], ticks: list[Tick]) -> None:
    bars = {candle.time: candle for candle in candles}
    for tick in ticks:
        bar = bars[tick.ts_event // MINUTE * MINUTE]
        assert bar.low <= tick.price <= bar.high, route


async def test_another_token_is_refused_by_feed_and_history() -> None:
    async with exchange(instruments=5) as simulator:
        routes = routes_of(simulator)
        with pytest.raises(ProviderError) as refused_feed:
            await collect(DhanFeed(*account(simulator, "stale")), routes, 1)
        history = DhanHistory(*account(simulator, "stale"), retry=RetryPolicy(attempts=1))
        with pytest.raises(ProviderError) as refused_history:
            await history.minutes(routes[0], NOW_NS, NOW_NS + MINUTE)
        history.close()

    assert refused_feed.value.advice is refused_history.value.advice is Advice.NEW_TOKEN
