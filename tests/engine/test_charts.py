"""The year chart of a whole engine: after an outage and its heal it shows what both stores hold, revision by revision."""

from collections.abc import Sequence

from actors.messages import ChartWanted, RefreshCharts
from engine.market import TIMEFRAMES, Candle
from engine.providers.simulator.hours import DAY_NS
from engine.providers.simulator.options import SimulatorOptions
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, SECOND_NS, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=2, ticks_per_second=5)
NEXT_MIDNIGHT = MIDNIGHT + DAY_NS
LAST_MINUTE = NEXT_MIDNIGHT - MINUTE_NS


async def test_a_heal_is_in_the_year_chart_of_every_timeframe_as_the_revision_it_is(stores: Stores) -> None:
    """At midnight buckets of all timeframes end at once, so that what the outage took is missing from one of each."""
    async with whole_engine(stores, at("23:56:10", speed=15.0), options=OPTIONS) as bench:
        await until(lambda: _is_live(bench))
        for timeframe in TIMEFRAMES:
            await until(lambda tf=timeframe: _is_built(bench, tf))
        assert bench.clock.now_ns() < LAST_MINUTE, "the charts were built too late to be mended"
        await until(lambda: bench.clock.now_ns() > NEXT_MIDNIGHT - 4 * SECOND_NS)
        bench.plan("close")
        await until(lambda: bench.clock.now_ns() > NEXT_MIDNIGHT + MINUTE_NS)
        await bench.exam.agree(MIDNIGHT)
        await bench.ref("charts").ask(RefreshCharts(), timeout_s=10)
        for timeframe in TIMEFRAMES:
            await until(lambda tf=timeframe: _is_what_the_stores_hold(bench, tf), within_s=20)
            healed = next(candle for candle in await _shown(bench, timeframe) if _ends_the_day(bench, candle))
            assert healed.revision > 0, f"the last {timeframe} of the day was not healed after it had closed"


async def _is_live(bench: Bench) -> bool:
    return (await bench.statuses() or [""])[-1] == "live"


async def _is_built(bench: Bench, timeframe: str) -> bool:
    answer = await bench.ref("charts").ask(ChartWanted(bench.exam.instruments[0], timeframe), timeout_s=5)
    return answer["built"]


async def _shown(bench: Bench, timeframe: str) -> list[Candle]:
    day = bench.exam.calendar.session_date(LAST_MINUTE)
    return await bench.hot.chart_days(bench.exam.instruments[0], timeframe, [day])


def _ends_the_day(bench: Bench, candle: Candle) -> bool:
    return bench.exam.calendar.bucket(candle.timeframe, LAST_MINUTE) == bench.exam.calendar.bucket(
        candle.timeframe, candle.time
    )


async def _is_what_the_stores_hold(bench: Bench, timeframe: str) -> bool:
    """All of the day, of which there is something in each store whatever the timeframe."""
    shown = _said(await _shown(bench, timeframe))
    return shown == await _held(bench, bench.hot, timeframe) == await _held(bench, bench.durable, timeframe)


async def _held(bench: Bench, store: HotStore | DurableStore, timeframe: str) -> list[tuple[object, ...]]:
    name = bench.exam.instruments[0]
    held = (await store.candles_many([name], timeframe, MIDNIGHT, NEXT_MIDNIGHT))[name]
    assert held[-1].time <= LAST_MINUTE
    assert _ends_the_day(bench, held[-1])
    return _said(held)


def _said(candles: Sequence[Candle]) -> list[tuple[object, ...]]:
    return [(one.time, one.open, one.high, one.low, one.close, one.volume, one.state, one.revision) for one in candles]
