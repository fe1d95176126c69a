"""Whatever happens between exchange and engine, afterwards the candles are the exchange's own: all of them, everywhere."""

import random

import trio

from actors.messages import WatchList
from engine.market import TIMEFRAMES
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.hot.timeseries import TimeSeriesCandles
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=10, ticks_per_second=5)
SPEED = 60.0


async def live(bench: Bench) -> None:
    async def is_live() -> bool:
        return (await bench.statuses() or [""])[-1] == "live"

    await until(is_live)


async def test_after_each_fault_of_the_line_all_candles_are_the_exchanges_own(stores: Stores) -> None:
    faults = ("close", "freeze+2.2", "reorder+1", "error+1,close")
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        for fault in faults:
            bench.plan(fault)
            await trio.sleep(0.5)
            await until(lambda: not bench.simulator.exchange.faults.planned())
            await live(bench)
            assert await bench.exam.agree(MIDNIGHT) > 10 * 7, fault
        assert bench.restarts("feeds/simulator") == 0


async def test_bytes_that_are_damaged_on_the_way_are_counted_and_their_candles_healed(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        bench.plan("corrupt=0.5+1.5")
        await trio.sleep(3 + 60 / SPEED)
        await bench.exam.agree(MIDNIGHT)
        [counts] = (await bench.hot.heartbeat() or {})["packets"].values()
        assert counts["malformed"] > 0
        assert counts["unmapped"] > 0


async def test_faults_at_random_moments_leave_no_wrong_candle_behind(timeseries_stores: Stores) -> None:
    """The storm: one fault after the other, whatever state the last one left; with candles in the TimeSeries module."""
    chance = random.Random(7)
    kinds = ("disconnect=800", "close", "stall+2.2", "duplicate+0.5", "reorder+0.5", "error+0.5")
    async with whole_engine(timeseries_stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        assert isinstance(bench.hot.series, TimeSeriesCandles)
        for _ in range(6):
            bench.plan(chance.choice(kinds))
            await trio.sleep(chance.uniform(0.05, 1.0))
        await until(lambda: not bench.simulator.exchange.faults.planned())
        await live(bench)
        await bench.exam.agree(MIDNIGHT)


async def test_a_refused_token_is_told_and_waited_for_and_the_operators_restart_heals(stores: Stores) -> None:
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        tries = (await bench.statuses()).count("connecting")
        bench.plan("refuse=401+2,close")

        async def has_failed() -> bool:
            return (await bench.statuses())[-1] == "failed"

        await until(has_failed)
        await until(lambda: not bench.simulator.exchange.faults.planned())
        await trio.sleep(1)  # the least pause between two tries is half of it
        statuses = await bench.statuses()
        assert statuses[-1] == "failed"
        assert statuses.count("connecting") == tries + 1  # one try, and no storm
        [feed] = (await bench.hot.heartbeat() or {})["feeds"].values()
        assert feed["status"] == "failed"
        assert "401" in feed["why"]
        await bench.system.restart("/engine/feeds/simulator")
        await live(bench)
        await bench.exam.agree(MIDNIGHT)


async def test_all_timeframes_of_a_watched_instrument_grow(stores: Stores) -> None:
    name = "NSE:RELIANCE"
    async with whole_engine(stores, at("00:07:20", speed=SPEED), options=OPTIONS) as bench:
        await live(bench)
        answer = await bench.ref("watches").ask(WatchList("web", (name, "NSE:NOBODY")), timeout_s=5)
        assert answer == {"unmapped": ["NSE:NOBODY"]}

        async def volumes() -> dict[str, int]:
            found = await bench.hot.live_candles([(name, timeframe) for timeframe in TIMEFRAMES])
            return {timeframe: candle.volume for (_, timeframe), candle in found.items()}

        async def all_there() -> bool:
            return set(await volumes()) == set(TIMEFRAMES)

        async def all_grown() -> bool:
            return all(
                volume > before[timeframe] for timeframe, volume in (await volumes()).items() if timeframe != "1m"
            )

        await until(all_there)
        before = await volumes()
        await until(all_grown)
