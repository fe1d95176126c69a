"""What happens around the end of a day, and when an engine comes back to yesterday's state."""

from datetime import date

import trio

from engine.boot import open_stores
from engine.market import TIMEFRAMES, CandleBook, CandleState
from engine.providers.simulator.hours import DAY_NS
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.bridge import open_bridge
from tests.engine.conftest import Stores
from tests.engine.harness import (
    MIDNIGHT,
    MINUTE_NS,
    Bench,
    at,
    engine_on,
    running_exchange,
    until,
    whole_engine,
)

OPTIONS = SimulatorOptions(instruments=5, ticks_per_second=5)
NEXT_MIDNIGHT = MIDNIGHT + DAY_NS
SPEED = 60.0


async def is_live(bench: Bench) -> bool:
    return (await bench.statuses() or [""])[-1] == "live"


async def test_a_socket_that_is_cut_at_midnight_spoils_neither_day(stores: Stores) -> None:
    """The running totals begin anew at midnight, and the longest buckets end."""
    async with whole_engine(stores, at("23:58:10", speed=SPEED), options=OPTIONS) as bench:
        await until(lambda: bench.clock.now_ns() > NEXT_MIDNIGHT - 10 * 1_000_000_000)
        bench.plan("close")
        await until(lambda: bench.clock.now_ns() > NEXT_MIDNIGHT + 2 * MINUTE_NS)
        await bench.exam.agree(MIDNIGHT)
        for instrument in bench.exam.instruments:
            [day] = await bench.durable.days(instrument, date(2026, 11, 19), date(2026, 11, 19))
            assert day.candle.state is not CandleState.FORMING


async def test_an_engine_that_comes_back_the_next_day_heals_both_days(stores: Stores) -> None:
    """Its state in Redis is of yesterday: nothing of it may leak into today's candles."""
    async with whole_engine(stores, at("23:20:10", speed=SPEED), options=OPTIONS) as bench:
        await until(lambda: is_live(bench))
        await bench.exam.agree(MIDNIGHT)
    clock = at("00:05:30", speed=SPEED, day_ns=NEXT_MIDNIGHT)
    async with running_exchange(OPTIONS, clock) as simulator, engine_on(simulator, stores, clock) as bench:
        await bench.exam.agree(MIDNIGHT)


async def test_an_engine_that_is_stopped_leaves_nothing_unsaved(stores: Stores) -> None:
    clock, name = at("00:20:10", speed=SPEED), "NSE:RELIANCE"
    async with whole_engine(stores, clock, options=OPTIONS) as bench:
        await until(lambda: is_live(bench))
        await bench.exam.agree(MIDNIGHT)
        await until(lambda: clock.now_ns() % MINUTE_NS > 20 * 1_000_000_000)  # the last minute has closed a while ago
        await trio.sleep(0.3)
        stopped_ns = clock.now_ns()
    closed_ns = stopped_ns // MINUTE_NS * MINUTE_NS
    async with open_bridge(), open_stores(bench.settings) as (hot, durable):
        for timeframe in TIMEFRAMES[:-1]:
            hot_ones = await hot.candles(name, timeframe, 0, stopped_ns)
            assert hot_ones == await durable.candles(name, timeframe, 0, stopped_ns), timeframe
        assert (await durable.candles(name, "1m", 0, stopped_ns))[-1].time >= closed_ns - MINUTE_NS
        [today] = await durable.days(name, date(2026, 11, 19), date(2026, 11, 19))
        assert today.candle.state is CandleState.FORMING
        traded = sum(candle.volume for candle in await durable.candles(name, "1m", 0, stopped_ns))
        assert traded <= today.candle.volume  # with the minute that was open
        state = (await hot.states([name]))[name]
        book = CandleBook.restore(name, bench.exam.calendar, "simulator", state["book"], stopped_ns)
        assert book.forming("1d") == today.candle
