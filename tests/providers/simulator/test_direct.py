"""The direct provider: what it hands over is what the market traded, and what it keeps to itself is known."""

from datetime import date
from typing import Any

import pytest

from config.calendars import load_calendar
from engine.market import Calendar
from engine.providers.base import Advice, Connection, Decoder, History, LiveFeed, ProviderError, Route
from engine.providers.simulator.direct import DirectFeed, DirectHistory, Refusal
from engine.providers.simulator.hours import MINUTE_NS, SECOND_NS, Hours
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.market import SyntheticMarket
from engine.runtime import LoopClock

NSE = Calendar.parse(load_calendar("NSE"))
(SESSION,) = NSE.sessions(date(2026, 11, 5), date(2026, 11, 5))
MARKET = SyntheticMarket(
    universe(3, date(2026, 11, 5))[2:], seed=1, hours=Hours(NSE), trades_per_minute=20.0
)  # fmt: skip
LISTING = MARKET.listings[0]
ROUTE = Route(LISTING.instrument, LISTING.segment, str(LISTING.security_id), LISTING.tick_size, LISTING.kind)


def clock_at(ns: int) -> LoopClock:
    clock = LoopClock(ns)
    clock.now_ns()
    return clock


async def test_a_connection_hands_over_every_trade_since_it_began_once(autojump_clock: Any) -> None:
    feed: LiveFeed = DirectFeed(MARKET, clock_at(SESSION.start_ns - 30 * SECOND_NS))
    decoder: Decoder = feed.decoder([ROUTE])
    times: list[int] = []
    async with feed.connect([ROUTE]) as connection:
        while not times or times[-1] < SESSION.start_ns + 2 * MINUTE_NS:
            ticks = decoder.decode(await connection.receive(), 0)
            times += [tick.ts_event for _, tick in ticks]
    traded = [
        time
        for minute in range(3)
        if (tape := MARKET.tape(0, SESSION.start_ns + minute * MINUTE_NS))
        for time in tape.times
    ]
    assert times == traded[: len(times)]
    assert decoder.statistics().ticks == len(times)


async def test_a_frame_that_was_cut_loses_its_last_row_and_is_counted(autojump_clock: Any) -> None:
    feed = DirectFeed(MARKET, clock_at(SESSION.start_ns))
    async with feed.connect([ROUTE]) as connection:
        frame = await connection.receive()
    decoder = feed.decoder([ROUTE])
    assert len(decoder.decode(frame[:-1], 0)) == len(feed.decoder([ROUTE]).decode(frame, 0)) - 1
    assert decoder.statistics().malformed == 1


async def to_the_end(connection: Connection) -> None:
    while True:
        await connection.receive()


async def test_whoever_is_refused_is_told_why_and_who_listens_is_cut_off(autojump_clock: Any) -> None:
    feed = DirectFeed(MARKET, clock_at(SESSION.start_ns))
    feed.refusals.plan([Refusal(SESSION.start_ns + MINUTE_NS, SESSION.start_ns + 2 * MINUTE_NS, Advice.NEW_TOKEN)])
    async with feed.connect([ROUTE]) as connection:
        with pytest.raises(ProviderError) as told:
            await to_the_end(connection)
    assert told.value.advice is Advice.NEW_TOKEN
    with pytest.raises(ProviderError):
        async with feed.connect([ROUTE]):
            pass
    [(since_ns, until_ns)] = feed.carried
    assert (since_ns, until_ns > since_ns) == (SESSION.start_ns, True)


async def test_the_history_is_the_markets_but_for_what_it_lacks(autojump_clock: Any) -> None:
    lacking = SESSION.start_ns + MINUTE_NS
    history: History = DirectHistory(
        MARKET, clock_at(SESSION.start_ns + 3 * MINUTE_NS), lacks={ROUTE.instrument: {lacking}}
    )
    found = await history.minutes(ROUTE, SESSION.start_ns, SESSION.start_ns + 3 * MINUTE_NS)
    assert [candle.time for candle in found] == [SESSION.start_ns, SESSION.start_ns + 2 * MINUTE_NS]
    assert found == [candle for candle in MARKET.minutes(0, SESSION.start_ns, SESSION.end_ns) if candle in found]
    [quote] = (await history.quotes([ROUTE])).values()
    assert (await history.last_prices([ROUTE])) == {ROUTE.instrument: quote.price}
