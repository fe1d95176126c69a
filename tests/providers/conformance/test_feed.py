"""What every live feed does: connect, subscribe, tell, plan, part."""

import math
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec
import pytest
import trio

from engine.market.prices import TickSize
from engine.market.tick import Tick
from engine.providers.base import Mode, PlanError, ProviderError, Route, VolumeBasis
from engine.providers.simulator.hours import MINUTE_NS
from tests.providers.conformance.case import Bench, Case, after, at_least, bench, of_all, until, without

MANY = 5


def assert_sound(tick: Tick, routes: Sequence[Route], provider: str) -> None:
    """The tick of an instrument that was asked for, on its grid, at a time that can be."""
    [route] = [route for route in routes if route.instrument == tick.instrument]
    assert tick.provider == provider
    assert tick.price > 0
    assert math.isfinite(tick.price)
    assert tick.price == TickSize(route.tick_size).round(tick.price)
    assert tick.ts_event <= tick.ts_recv + 60 * 1_000_000_000
    assert tick.size >= 0


async def test_every_instrument_that_is_subscribed_ticks_to_the_target_of_its_route(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.routes
        decoder = feed.decoder(routes)
        async with feed.connect(routes) as connection:
            ticks = await made.ticks(connection, decoder, of_all(routes))

    assert feed.name == case.name
    for tick in ticks:
        assert_sound(tick, routes, case.name)
    statistics = decoder.statistics()
    assert statistics.ticks == len(ticks)
    assert (statistics.malformed, statistics.unmapped, statistics.unknown_codes) == (0, 0, 0)


async def test_ticks_tell_what_was_traded_the_way_the_feed_says_it_does(case: Case) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        feed, routes = made.feed(), made.tradeable[:5]
        decoder = feed.decoder(routes)
        async with feed.connect(routes) as connection:
            ticks = await made.ticks(connection, decoder, at_least(200))

    match feed.capabilities.volume:
        case VolumeBasis.SESSION:
            for route in routes:
                volumes = [tick.volume for tick in ticks if tick.instrument == route.instrument]
                assert all(volume is not None for volume in volumes)
                assert volumes == sorted(volumes, key=lambda volume: volume or 0)
        case VolumeBasis.TRADES:
            assert all(tick.volume is None for tick in ticks)
            assert any(tick.size > 0 for tick in ticks)
        case VolumeBasis.NONE:
            assert all(tick.volume is None for tick in ticks)


async def test_another_instrument_can_be_subscribed_and_one_be_taken_back_on_an_open_connection(case: Case) -> None:
    async with bench(case, ticks_per_second=4_000) as made:
        first, second = made.tradeable[:2]
        feed = made.feed()
        decoder = feed.decoder([first])
        async with feed.connect([first]) as connection:
            await made.ticks(connection, decoder, of_all([first]))
            decoder.add([second])
            await connection.subscribe([second])
            await made.ticks(connection, decoder, of_all([first, second]))

            await connection.unsubscribe([first])
            if case.takes_back:
                await until(lambda: not made.door.follows(made.place(first)))
            else:
                decoder.remove([first])
            await made.ticks(connection, decoder, without(first))
            later = await made.ticks(connection, decoder, at_least(50))

    assert {tick.instrument for tick in later} == {second.instrument}


async def test_every_mode_the_feed_knows_can_be_asked_for(case: Case) -> None:
    async with bench(case) as made:
        feed, route = made.feed(), made.tradeable[0]
        assert feed.capabilities.modes
        for mode in feed.capabilities.modes:
            decoder = feed.decoder([route])
            async with feed.connect([]) as connection:
                await connection.subscribe([route], mode)
                ticks = await made.ticks(connection, decoder, at_least(5))
            if mode is Mode.TICKER and feed.capabilities.volume is VolumeBasis.SESSION:
                assert all(tick.volume is None or tick.volume >= 0 for tick in ticks)
            if mode is Mode.FULL and feed.capabilities.depth:
                assert any(tick.bid is not None and tick.ask is not None for tick in ticks)
                assert all((tick.bid or 0) <= (tick.ask or math.inf) for tick in ticks)


async def test_instruments_nobody_knows_do_no_harm_to_those_beside_them(case: Case) -> None:
    async with bench(case) as made:
        route = made.tradeable[0]
        stranger = msgspec.structs.replace(route, instrument="NSE:NOBODY", security_id="999999", target="NSE:NOBODY")
        feed = made.feed()
        decoder = feed.decoder([route, stranger])
        async with feed.connect([stranger, route]) as connection:
            ticks = await made.ticks(connection, decoder, at_least(20))

    assert {tick.instrument for tick in ticks} == {route.instrument}


async def test_a_plan_holds_every_instrument_once_on_as_few_connections_as_will_do(case: Case) -> None:
    if not case.any_name:
        pytest.skip(f"{case} knows its few instruments by name")
    async with bench(case) as made:
        feed = made.feed()
        limits = feed.limits
        many = strangers(made, min(limits.capacity, limits.instruments_per_connection + 1))
        plan = feed.plan(many)

    assert feed.plan([]) == []
    assert sorted(route.security_id for routes in plan for route in routes) == sorted(one.security_id for one in many)
    assert len(plan) == math.ceil(len(many) / limits.instruments_per_connection)
    assert max(map(len, plan)) <= limits.instruments_per_connection


async def test_more_instruments_than_the_account_may_have_are_refused_as_a_plan(case: Case) -> None:
    async with bench(case) as made:
        feed = made.feed()
        with pytest.raises(PlanError) as refused:
            feed.plan(strangers(made, feed.limits.capacity + 1))

    assert f"{feed.limits.capacity:,}" in str(refused.value)


def strangers(made: Bench, count: int) -> list[Route]:
    """So many instruments that the provider could have."""
    pattern = made.tradeable[0]
    return [
        msgspec.structs.replace(pattern, instrument=f"NSE:S{number}", security_id=str(100_000 + number))
        for number in range(count)
    ]


async def test_as_many_connections_as_the_account_may_have_are_served_at_once(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.tradeable
        many = min(feed.limits.connections, MANY)
        async with AsyncExitStack() as opened:
            connections = [await opened.enter_async_context(feed.connect(routes)) for _ in range(many)]
            for connection in connections:
                await made.ticks(connection, feed.decoder(routes), at_least(1))
            assert made.door.statistics().clients == many


async def test_a_beginning_in_the_past_is_told_again_by_those_who_can_and_no_error_of_the_others(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.tradeable
        now_ns = made.exchange.now_ns
        async with feed.connect(routes, since_ns=now_ns - MINUTE_NS) as connection:
            ticks = await made.ticks(connection, feed.decoder(routes), after(now_ns))

    if feed.capabilities.replays:
        assert min(tick.ts_event for tick in ticks) < now_ns - MINUTE_NS // 2


async def test_a_connection_that_is_left_is_closed_at_the_other_end(case: Case) -> None:
    async with bench(case) as made:
        feed = made.feed()
        async with feed.connect(made.routes) as connection:
            await connection.receive()
            assert made.door.statistics().clients == 1
        await until(lambda: made.door.statistics().clients == 0)
        assert made.door.statistics().subscriptions == 0


async def test_a_connection_whose_reader_is_cancelled_leaves_nothing_behind(case: Case) -> None:
    async with bench(case) as made:
        feed = made.feed()
        began_s = trio.current_time()
        with trio.move_on_after(0.5) as given:
            async with feed.connect(made.routes) as connection:
                while True:
                    await connection.receive()
        assert given.cancelled_caught
        assert trio.current_time() - began_s < 1.5
        await until(lambda: made.door.statistics().clients == 0)


async def test_an_address_where_nobody_listens_is_told_as_a_failure_that_may_pass(case: Case) -> None:
    async with bench(case) as made:
        feed, routes = made.feed(), made.routes
    with pytest.raises(ProviderError) as failed:
        async with feed.connect(routes):
            pass
    assert failed.value.advice == "retry"
