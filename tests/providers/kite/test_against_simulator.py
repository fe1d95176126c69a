"""The real adapter against the shipped exchange: what one streams, the other's history confirms, whatever goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from engine.market.candle import Candle
from engine.market.tick import Tick
from engine.providers.base import Advice, Mode, Notification, ProviderError, Route
from engine.providers.keyring import Credential, Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.login import log_in
from engine.providers.kite.master import FORMATS
from engine.providers.kite.rest import KiteHistory, KiteLimits
from engine.providers.kite.session import KiteConnection, KiteFeed
from engine.providers.master import Master
from engine.providers.retry import RetryPolicy
from engine.providers.secret import Secret
from engine.providers.simulator.kite.rest_calls import SIMULATED_API_SECRET
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, DoorOptions
from engine.providers.simulator.server import Simulator
from engine.providers.socket import Patience
from tests.providers.kite.routes import NOW_NS, SECOND
from tests.providers.simulator.markets import post, simulator

MINUTE = 60 * SECOND
NAME = "simulator_kite"
FAST = KiteLimits(charts_per_second=1000, prices_per_second=1000)
QUICK = Patience(connect_s=2.0, send_s=2.0, silence_s=1.5, goodbye_s=0.5)


@asynccontextmanager
async def exchange(faults: str = "", **options: Any) -> AsyncGenerator[Simulator]:
    async with simulator(doors=(DoorOptions(NAME, faults=faults),), **options) as running:
        yield running


@asynccontextmanager
async def connected(faults: str = "") -> AsyncGenerator[tuple[Simulator, KiteConnection]]:
    """A busy exchange and a connection to all it lists."""
    async with (
        exchange(faults, instruments=5, ticks_per_second=100) as running,
        feed_of(running).connect(routes_of(running)) as connection,
    ):
        yield running, connection


def keyring(token: str = SIMULATED_TOKEN) -> Keyring:
    return Keyring(NAME, Credential(SIMULATED_CLIENT_ID, Secret(token)))


def endpoints(running: Simulator) -> KiteEndpoints:
    return KiteEndpoints(running.addresses[NAME].feed_url, running.addresses[NAME].rest_url)


def feed_of(running: Simulator, mode: Mode = Mode.FULL, *, token: str = SIMULATED_TOKEN) -> KiteFeed:
    return KiteFeed(keyring(token), endpoints(running), mode=mode, name=NAME, patience=QUICK)


def history_of(running: Simulator, *, token: str = SIMULATED_TOKEN, limits: KiteLimits = FAST) -> KiteHistory:
    retry = RetryPolicy(attempts=4, initial_s=0.1)
    return KiteHistory(keyring(token), endpoints(running), name=NAME, limits=limits, retry=retry)


def routes_of(running: Simulator) -> list[Route]:
    door = running.exchange.doors[NAME]
    found = ((listing, door.speech.route(listing)) for listing in running.exchange.market.listings)
    return [
        Route(listing.instrument, *names, listing.tick_size, listing.kind, target=listing.instrument)
        for listing, names in found
        if names is not None
    ]


async def collect(feed: KiteFeed, routes: list[Route], wanted: int) -> list[tuple[Any, Tick]]:
    decoder = feed.decoder(routes)
    ticks: list[tuple[Any, Tick]] = []
    async with feed.connect(routes) as connection:
        with trio.fail_after(20):
            while len(ticks) < wanted:
                ticks += decoder.decode(await connection.receive(), NOW_NS)
    statistics = decoder.statistics()
    assert (statistics.malformed, statistics.unmapped, statistics.unknown_codes) == (0, 0, 0)
    return ticks


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_tick_goes_to_the_target_of_its_route(mode: Mode) -> None:
    async with exchange(instruments=20, ticks_per_second=400, start_ns=NOW_NS - 5 * SECOND) as running:
        routes = routes_of(running)
        ticks = (await collect(feed_of(running, mode), routes, 300))[100:]  # the first may come before the mode is set

    assert all(target == tick.instrument and tick.provider == NAME for target, tick in ticks)
    with_volume = {tick.instrument for _, tick in ticks if tick.volume is not None}
    indices = {route.instrument for route in routes if route.kind == "index"}
    assert indices
    assert not with_volume & indices
    assert bool(with_volume) == (mode is not Mode.TICKER)
    in_the_past = [tick for _, tick in ticks if tick.ts_event != tick.ts_recv]
    assert bool(in_the_past) == (mode is Mode.FULL)


async def test_the_history_of_every_kind_of_instrument_confirms_its_stream() -> None:
    async with exchange(instruments=20, ticks_per_second=200, start_ns=NOW_NS, speed=60.0) as running:
        routes = routes_of(running)
        ticks = await collect(feed_of(running), routes, 3000)
        history = history_of(running)
        ticked = {tick.instrument for _, tick in ticks}
        for route in {route.kind: route for route in routes if route.instrument in ticked}.values():
            candles = await history.minutes(route, NOW_NS - 60 * MINUTE, NOW_NS + 60 * MINUTE)
            assert_confirmed(candles, [tick for _, tick in ticks if tick.instrument == route.instrument])
            assert all((candle.open_interest is not None) == (route.kind == "future") for candle in candles)
        assert set(await history.last_prices(routes)) == {route.instrument for route in routes}
        quotes = await history.quotes(routes)
        assert set(quotes) == {route.instrument for route in routes}
        assert all(quote.traded_ns for quote in quotes.values())


def assert_confirmed(candles: list[Candle], ticks: list[Tick]) -> None:
    bars = {candle.time: candle for candle in candles}
    for tick in ticks:
        bar = bars[tick.ts_event // MINUTE * MINUTE]
        assert bar.low <= tick.price <= bar.high


async def test_every_timeframe_offered_is_made_of_the_same_minutes() -> None:
    async with exchange(instruments=3, start_ns=NOW_NS) as running:
        route = routes_of(running)[0]
        history = history_of(running)
        minutes = await history.candles(route, "1m", NOW_NS - 24 * 60 * MINUTE, NOW_NS)
        for timeframe, length in (("5m", 5), ("15m", 15), ("30m", 30), ("1h", 60)):
            for bar in (await history.candles(route, timeframe, NOW_NS - 12 * 60 * MINUTE, NOW_NS))[1:-1]:
                parts = [part for part in minutes if bar.time <= part.time < bar.time + length * MINUTE]
                assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
                assert bar.volume == sum(part.volume for part in parts)
        days = await history.candles(route, "1d", NOW_NS - 5 * 24 * 60 * MINUTE, NOW_NS)
        assert len(days) == 5


async def test_a_range_of_many_calls_comes_as_one() -> None:
    async with exchange(instruments=3, start_ns=NOW_NS) as running:
        history = history_of(running)
        bars = await history.candles(routes_of(running)[2], "5m", NOW_NS - 101 * 24 * 60 * MINUTE, NOW_NS)

    assert history.statistics().calls == 2
    assert len({candle.time for candle in bars}) == len(bars) > 20_000


async def test_the_list_of_instruments_leads_to_the_routes_that_stream() -> None:
    async with exchange(instruments=30) as running:
        headers = {"Authorization": f"token {SIMULATED_CLIENT_ID}:{SIMULATED_TOKEN}"}
        async with httpx.AsyncClient(base_url=endpoints(running).rest_url, headers=headers, trust_env=False) as client:
            everything, futures = (await client.get("/instruments")), (await client.get("/instruments/NFO"))
        routes = routes_of(running)

    listed = {(row.segment, row.security_id) for row in Master(everything.text.splitlines(), FORMATS)}
    assert listed == {(route.segment, route.security_id) for route in routes}
    assert {row.segment for row in Master(futures.text.splitlines(), FORMATS)} == {"NSE_FNO"}


async def test_instruments_come_go_and_change_their_mode_on_an_open_connection() -> None:
    """Kite subscribes in quote mode, and a quote may come before the mode that was asked for."""
    async with exchange(instruments=10, ticks_per_second=400) as running:
        first, second = routes_of(running)[2:4]
        feed = feed_of(running, Mode.TICKER)
        decoder = feed.decoder([first, second])
        with trio.fail_after(30):
            async with feed.connect([first]) as connection:
                await tick_without_volume(connection, decoder, first)
                await connection.subscribe([first], Mode.FULL)
                await connection.subscribe([second])
                while (await next_tick(connection, decoder, first)).bid is None:
                    pass
                await tick_without_volume(connection, decoder, second)
                await connection.unsubscribe([first])
                while running.exchange.doors[NAME].statistics().subscriptions > 1:
                    await trio.sleep(0.01)


async def tick_without_volume(connection: KiteConnection, decoder: Any, route: Route) -> None:
    while (await next_tick(connection, decoder, route)).volume is not None:
        pass


async def ended(connection: KiteConnection) -> ProviderError:
    """Why the connection ends, as soon as it does."""
    with trio.fail_after(10):
        try:
            while True:
                await connection.receive()
        except ProviderError as error:
            return error


async def next_tick(connection: KiteConnection, decoder: Any, route: Route) -> Tick:
    with trio.fail_after(10):
        while True:
            for target, tick in decoder.decode(await connection.receive(), NOW_NS):
                if target == route.target:
                    return tick


async def test_another_token_is_refused_by_feed_and_history() -> None:
    async with exchange(instruments=5) as running:
        routes = routes_of(running)
        with pytest.raises(ProviderError) as refused_feed:
            await collect(feed_of(running, token="stale"), routes, 1)
        with pytest.raises(ProviderError) as refused_history:
            await history_of(running, token="stale").minutes(routes[0], NOW_NS, NOW_NS + MINUTE)

    assert refused_feed.value.advice is refused_history.value.advice is Advice.NEW_TOKEN


async def test_the_login_makes_a_token_that_opens_the_doors() -> None:
    async with exchange(instruments=5, start_ns=NOW_NS) as running:
        url, request_token = endpoints(running).rest_url, Secret("from the page")
        with pytest.raises(ProviderError) as refused:
            await log_in(url, SIMULATED_CLIENT_ID, Secret("wrong"), request_token, now_ns=NOW_NS)
        secret = Secret(SIMULATED_API_SECRET)
        credential = await log_in(url, SIMULATED_CLIENT_ID, secret, request_token, now_ns=NOW_NS)
        prices = await history_of(running, token=credential.token.reveal()).last_prices(routes_of(running))

    assert refused.value.advice is Advice.NEW_TOKEN
    assert len(prices) == 5


async def test_a_fourth_connection_is_told_to_wait() -> None:
    async with exchange(instruments=5) as running:
        feed = feed_of(running)
        async with feed.connect([]), feed.connect([]), feed.connect([]):
            with pytest.raises(ProviderError) as raised:
                async with feed.connect([]):
                    pass

    assert (raised.value.advice, raised.value.wait_s) == (Advice.WAIT, 60.0)


async def test_orders_are_told_on_request() -> None:
    told: list[Notification] = []
    order = {"type": "order", "data": {"order_id": "1", "status": "COMPLETE"}}
    async with exchange(instruments=5, ticks_per_second=100) as running:
        routes = routes_of(running)
        async with feed_of(running).connect(routes, notify=told.append) as connection:
            await post(running, "/control", {"provider": NAME, "say": order})
            with trio.fail_after(10):
                while not told:
                    await connection.receive()

    assert [(notification.kind, notification.data) for notification in told] == [("order", order["data"])]


async def test_heartbeats_keep_a_market_without_trades() -> None:
    async with connected("stall+9999") as (_, connection):
        with trio.move_on_after(2 * QUICK.silence_s) as waiting:
            await ended(connection)
        assert waiting.cancelled_caught, "no silence was complained of"


async def test_a_frozen_line_is_given_up() -> None:
    async with connected() as (running, connection):
        await post(running, "/control", {"provider": NAME, "faults": "freeze+9999"})
        assert "silent" in str(await ended(connection))


@pytest.mark.parametrize("faults", ["close", "disconnect=805"])
async def test_a_cut_line_invites_another_try(faults: str) -> None:
    async with connected() as (running, connection):
        await post(running, "/control", {"provider": NAME, "faults": faults})
        error = await ended(connection)

    assert (str(error).partition(":")[0], error.advice) == ("Kite's ticker closed", Advice.RETRY)


async def test_damaged_packets_are_counted_and_the_others_still_tick() -> None:
    async with exchange("corrupt=0.3+9999", instruments=10, ticks_per_second=400) as running:
        feed, routes = feed_of(running), routes_of(running)
        decoder = feed.decoder(routes)
        ticks: list[Tick] = []
        async with feed.connect(routes) as connection:
            with trio.fail_after(20):
                while len(ticks) < 300 or not decoder.statistics().unmapped:
                    ticks += [tick for _, tick in decoder.decode(await connection.receive(), NOW_NS)]

    statistics = decoder.statistics()
    assert statistics.ticks == len(ticks)
    assert statistics.malformed == 0, "lengths are told apart from packets"


@pytest.mark.parametrize(
    ("faults", "advice"),
    [("429=120+9999", Advice.WAIT), ("error+9999", Advice.RETRY), ("refuse+9999", Advice.NEW_TOKEN)],
)
async def test_what_goes_wrong_at_the_rest_calls_is_told_with_what_to_do_about_it(faults: str, advice: Advice) -> None:
    async with exchange(faults, instruments=5) as running:
        route = routes_of(running)[2]
        with pytest.raises(ProviderError) as raised:
            await history_of(running).minutes(route, NOW_NS, NOW_NS + MINUTE)

    assert raised.value.advice is advice


async def test_too_many_calls_are_waited_out() -> None:
    async with exchange("429=0.5+0.4", instruments=5, start_ns=NOW_NS) as running:
        history = history_of(running)
        assert len(await history.last_prices(routes_of(running))) == 5

    assert history.statistics().failures >= 1


async def test_the_documented_rates_are_kept_to() -> None:
    async with exchange(instruments=5, start_ns=NOW_NS, rate_limits=True) as running:
        history = history_of(running, limits=KiteLimits())
        route = routes_of(running)[2]
        async with trio.open_nursery() as nursery:
            for _ in range(7):
                nursery.start_soon(history.minutes, route, NOW_NS - 10 * MINUTE, NOW_NS)

    assert history.statistics().failures == 0


async def test_what_is_retired_is_known_to_nobody() -> None:
    async with exchange(instruments=5, start_ns=NOW_NS, ticks_per_second=100) as running:
        route = next(route for route in routes_of(running) if route.kind == "equity")
        await post(running, "/control", {"provider": NAME, "faults": f"retire:{route.instrument}"})
        history = history_of(running)
        with trio.fail_after(5):
            while await history.last_prices([route]):
                await trio.sleep(0.02)
        with pytest.raises(ProviderError) as raised:
            await history.minutes(route, NOW_NS - MINUTE, NOW_NS)

    assert raised.value.advice is Advice.FIX_REQUEST
