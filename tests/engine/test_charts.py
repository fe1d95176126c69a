"""The year chart of a whole engine: after an outage and its heal it shows what both stores hold, revision by revision."""

from actors.messages import ChartWanted, RefreshCharts
from engine.market import TIMEFRAMES, Candle
from engine.providers.simulator.options import SimulatorOptions
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, Bench, at, until, whole_engine

OPTIONS = SimulatorOptions(instruments=2, ticks_per_second=5)


async def test_a_heal_is_in_the_year_chart_of_every_timeframe_as_the_revision_it_is(stores: Stores) -> None:
    async with whole_engine(stores, at("10:00:10", speed=15.0), options=OPTIONS) as bench:
        await until(lambda: _is_live(bench))
        for timeframe in TIMEFRAMES:
            await until(lambda tf=timeframe: _is_built(bench, tf))
        bench.plan("close")
        await until(lambda: bench.clock.now_ns() > MIDNIGHT + 602 * MINUTE_NS)
        await bench.exam.agree(MIDNIGHT + 600 * MINUTE_NS)
        through_ns = bench.exam.settled_ns() - MINUTE_NS
        await bench.ref("charts").ask(RefreshCharts(), timeout_s=10)
        for timeframe in TIMEFRAMES[:-1]:
            await until(lambda tf=timeframe: _is_what_the_stores_hold(bench, tf, through_ns), within_s=20)
        assert any(candle.revision for candle in await _shown(bench, "1m")), "nothing was healed"


async def _is_live(bench: Bench) -> bool:
    return (await bench.statuses() or [""])[-1] == "live"


async def _is_built(bench: Bench, timeframe: str) -> bool:
    answer = await bench.ref("charts").ask(ChartWanted(bench.exam.instruments[0], timeframe), timeout_s=5)
    return answer["built"]


async def _shown(bench: Bench, timeframe: str) -> list[Candle]:
    day = bench.exam.calendar.session_date(MIDNIGHT + MINUTE_NS)
    return await bench.hot.chart_days(bench.exam.instruments[0], timeframe, [day])


async def _is_what_the_stores_hold(bench: Bench, timeframe: str, through_ns: int) -> bool:
    held = await bench.hot.candles(bench.exam.instruments[0], timeframe, MIDNIGHT + 600 * MINUTE_NS, through_ns)
    shown = {_said(candle) for candle in await _shown(bench, timeframe)}
    assert held or timeframe != "1m"
    return all(_said(candle) in shown for candle in held)


def _said(candle: Candle) -> tuple[object, ...]:
    values = candle.open, candle.high, candle.low, candle.close, candle.volume
    return candle.time, *values, candle.state, candle.revision
