"""What every record does: tell what was traded, in pages, as far back as it says."""

from collections.abc import Sequence

import msgspec
import pytest
import trio

from engine.market.candle import Candle
from engine.market.prices import TickSize
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.simulator import history as record
from engine.providers.simulator.hours import DAY_NS, MINUTE_NS, indian_date, indian_midnight
from tests.providers.conformance.case import Bench, Case, bench
from tests.providers.simulator.markets import at

NOON = at("2026-11-20 12:00:30")
HOUR_NS = 60 * MINUTE_NS
STILL = 1e-6
"""A speed at which nothing is traded while a test looks."""
LENGTHS = {"1m": 1, "2m": 2, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60}


def bare(candles: Sequence[Candle]) -> list[tuple[float, ...]]:
    return [(one.time, one.open, one.high, one.low, one.close, one.volume) for one in candles]


async def traded(made: Bench, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
    exchange = made.exchange
    return await record.minutes(exchange.market, made.place(route), start_ns, end_ns, now_ns=exchange.now_ns)


async def test_minutes_are_what_the_exchange_traded_of_every_kind_of_instrument(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        for route in {route.kind: route for route in made.routes}.values():
            told = await history.minutes(route, NOON - HOUR_NS, NOON + HOUR_NS)

            assert bare(told) == bare(await traded(made, route, NOON - HOUR_NS, NOON + HOUR_NS))
            assert {candle.source for candle in told} == {case.name}
            assert {candle.instrument for candle in told} == {route.instrument}


async def test_a_range_is_half_open_and_in_order(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        route = made.tradeable[0]
        first = NOON // MINUTE_NS * MINUTE_NS - 10 * MINUTE_NS
        told = await history.minutes(route, first, first + 3 * MINUTE_NS)

    assert [candle.time for candle in told] == [first, first + MINUTE_NS, first + 2 * MINUTE_NS]


async def test_a_range_in_which_nothing_was_traded_is_empty_and_no_failure(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        assert await history.minutes(made.tradeable[0], NOON + 2 * HOUR_NS, NOON + 3 * HOUR_NS) == []


async def test_every_timeframe_that_is_offered_is_made_of_the_same_minutes(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        route = made.tradeable[0]
        offered = [timeframe for timeframe in LENGTHS if history.limits.offers(timeframe)]
        minutes = await traded(made, route, NOON - DAY_NS, NOON)
        for timeframe in offered:
            bars = await history.candles(route, timeframe, NOON - 6 * HOUR_NS, NOON)
            assert len(bars) > 2
            for bar in bars[1:-1]:
                end_ns = bar.time + LENGTHS[timeframe] * MINUTE_NS
                parts = [part for part in minutes if bar.time <= part.time < end_ns]
                assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
                assert (bar.high, bar.low) == (max(part.high for part in parts), min(part.low for part in parts))
                assert bar.volume == sum(part.volume for part in parts)


async def test_a_timeframe_that_is_not_offered_is_a_request_to_be_mended(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        with pytest.raises(ProviderError) as refused:
            await history.candles(made.tradeable[0], "7m", NOON - HOUR_NS, NOON)

    assert refused.value.advice is Advice.FIX_REQUEST


async def test_days_are_those_of_the_exchange(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        route = made.tradeable[0]
        today = indian_date(NOON)
        first = indian_date(NOON - 3 * DAY_NS)
        told = await history.days(route, first, today)
        market, now_ns = made.exchange.market, made.exchange.now_ns
        start_ns, end_ns = indian_midnight(first), indian_midnight(today) + DAY_NS
        expected = await record.days(market, made.place(route), start_ns, end_ns, now_ns=now_ns)

    assert bare(told) == bare(expected)


async def test_a_longer_range_than_one_call_may_ask_for_comes_in_one_piece(case: Case) -> None:
    async with bench(case, instruments=3, ticks_per_second=0.01, start_ns=NOON, speed=STILL) as made:
        async with made.history() as history:
            route = made.tradeable[0]
            start_ns = NOON - (history.limits.days_per_call + 1) * DAY_NS
            told = await history.minutes(route, start_ns, NOON)
        expected = await traded(made, route, start_ns, NOON)

    assert bare(told) == bare(expected)
    assert len(told) > 100


async def test_before_a_record_begins_there_is_nothing_and_no_failure(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        oldest_ns = history.limits.oldest_ns("1m", NOON)
        if oldest_ns == 0:
            pytest.skip(f"{case} has all minutes there ever were")
        told = await history.minutes(made.tradeable[0], oldest_ns - 3 * HOUR_NS, oldest_ns - 2 * HOUR_NS)

    assert all(candle.time < oldest_ns for candle in told)


async def test_last_prices_and_quotes_are_those_of_the_last_trade_and_strangers_are_absent(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        routes = made.routes
        known = routes[0]
        stranger = msgspec.structs.replace(known, instrument="NSE:NOBODY", security_id="999999")
        prices = await history.last_prices([*routes, stranger])
        quotes = await history.quotes([*routes, stranger])
        trades = {route.instrument: (route, made.door.last(made.place(route))) for route in routes}

    assert set(prices) == set(quotes) == set(trades)
    for name, (route, trade) in trades.items():
        assert trade is not None
        price = TickSize(route.tick_size).round(trade.price)
        assert prices[name] == quotes[name].price == price
        traded_ns = quotes[name].traded_ns
        assert traded_ns is None or abs(traded_ns - trade.time_ns) < MINUTE_NS
        if route.kind != "index":
            assert quotes[name].volume in (None, trade.volume)
        assert quotes[name].day_high in (None, trade.day_high)
        assert quotes[name].previous_close in (None, trade.previous_close)


async def test_more_calls_than_the_vendor_allows_at_once_wait_and_are_all_answered(case: Case) -> None:
    if case.paced is None:
        pytest.skip(f"the simulated exchange does not count the calls of {case}")
    async with bench(case, start_ns=NOON, speed=STILL, rate_limits=True) as made:
        history = case.paced(made.address, case.token)
        try:
            async with trio.open_nursery() as nursery:
                for route in made.tradeable[:12]:
                    nursery.start_soon(history.minutes, route, NOON - HOUR_NS, NOON)
                for _ in range(2):
                    nursery.start_soon(history.last_prices, made.routes)
        finally:
            history.close()


# httpx leaves the generator of a request's body to the garbage collector when it is cancelled while it sends; nothing hangs on it.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx.*ByteStream:ResourceWarning")
async def test_calls_that_are_cancelled_leave_nothing_behind(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        route = made.tradeable[0]
        for pause_s in (0.0, 0.001, 0.01, 0.05):
            with trio.move_on_after(pause_s):
                await history.minutes(route, NOON - HOUR_NS, NOON)
        told = await history.minutes(route, NOON - HOUR_NS, NOON)

        assert bare(told) == bare(await traded(made, route, NOON - HOUR_NS, NOON))


async def test_many_calls_at_once_are_all_answered(case: Case) -> None:
    async with bench(case, start_ns=NOON, speed=STILL) as made, made.history() as history:
        told: dict[str, int] = {}

        async def ask(route: Route) -> None:
            told[route.instrument] = len(await history.minutes(route, NOON - HOUR_NS, NOON))

        async with trio.open_nursery() as nursery:
            for route in made.tradeable[:10]:
                nursery.start_soon(ask, route)

    assert len(told) == min(10, len(made.tradeable))
    assert min(told.values()) > 0
