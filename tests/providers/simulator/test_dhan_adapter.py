"""The Dhan adapter cannot tell the simulated exchange from the real one: stream and record agree to the last digit."""

from collections import defaultdict

import trio

from engine.market.candle import Candle
from engine.market.tick import Tick
from engine.providers.base import Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from tests.providers.simulator.markets import at, simulator

CREDENTIALS = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
START = at("2026-11-20 12:00:50")


def route(listing: Listing) -> Route:
    return Route(listing.instrument, listing.segment, str(listing.security_id), listing.tick_size, listing.kind)


async def ticks_until(running: Simulator, routes: list[Route], until_ns: int) -> list[Tick]:
    feed = DhanFeed(CREDENTIALS, DhanEndpoints(running.feed_url, running.rest_url))
    decoder = feed.decoder(routes)
    ticks: list[Tick] = []
    async with feed.connect(routes) as connection:
        while running.exchange.now_ns < until_ns:
            ticks += [tick for _, tick in decoder.decode(await connection.receive(), running.exchange.now_ns)]
    return ticks


def candles_of(ticks: list[Tick]) -> dict[tuple[str, int], tuple[float, ...]]:
    """Prices of each minute by nothing but the ticks."""
    prices: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for tick in ticks:
        prices[tick.instrument, tick.ts_event // MINUTE_NS * MINUTE_NS].append(tick.price)
    return {key: (traded[0], max(traded), min(traded), traded[-1]) for key, traded in prices.items()}


def prices_of(candle: Candle) -> tuple[float, ...]:
    return (candle.open, candle.high, candle.low, candle.close)


async def test_ticks_through_the_adapter_make_the_minutes_its_history_tells() -> None:
    async with simulator(instruments=30, ticks_per_second=30, start_ns=START, speed=40) as running:
        routes = [route(listing) for listing in running.exchange.market.listings]
        streamed = candles_of(await ticks_until(running, routes, START + 2 * MINUTE_NS))
        endpoints = DhanEndpoints(running.feed_url, running.rest_url)
        history = DhanHistory(CREDENTIALS, endpoints, limits=DhanLimits(charts_per_second=1_000))
        whole_minute = at("2026-11-20 12:01:00")
        async with trio.open_nursery() as nursery:
            for wanted in routes:
                nursery.start_soon(assert_same_prices, history, wanted, whole_minute, streamed)
        history.close()


async def assert_same_prices(
    history: DhanHistory, wanted: Route, opens_ns: int, streamed: dict[tuple[str, int], tuple[float, ...]]
) -> None:
    [candle] = await history.minutes(wanted, opens_ns, opens_ns + MINUTE_NS)
    assert prices_of(candle) == streamed[wanted.instrument, opens_ns]
