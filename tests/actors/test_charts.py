"""Year charts on real stores: built once for all who ask, by days, and true to every revision."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from actors.chart_builder import ChartBuilder
from actors.charts import REBUILD_S, WATCHED_S, Charts
from actors.messages import CandlesWritten, ChartWanted, HistoryFilled, HistoryWanted, RefreshCharts
from engine.market import TIMEFRAMES, Calendars, Candle, CandleState, Instrument, InstrumentKind, derive
from engine.runtime import ActorRef
from engine.seeding import exchanges
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.actors.parts import CALENDAR, MINUTE_NS, NAME, NOON, among_witnesses, candle

DAY_NS = 1_440 * MINUTE_NS
MIDNIGHT = NOON - 720 * MINUTE_NS


def nowhere(code: str) -> dict[str, Any]:
    raise LookupError(f"There is no calendar of the exchange {code!r}.")


class Builder(ChartBuilder):
    """The real one, and how often it was asked to build."""

    builds = 0

    async def build(self, instrument: str, timeframe: str, now_ns: int) -> None:
        self.builds += 1
        await super().build(instrument, timeframe, now_ns)


class Bench(msgspec.Struct, frozen=True):
    """The actor, its stores and what it told."""

    subject: ActorRef
    hot: HotStore
    durable: DurableStore
    builder: Builder
    wished: list[Any]

    async def ask(self, timeframe: str = "1m") -> dict[str, Any]:
        return await self.subject.ask(ChartWanted(NAME, timeframe), timeout_s=5)

    async def until_built(self, timeframe: str = "1m") -> None:
        while not (await self.ask(timeframe))["built"]:
            await trio.testing.wait_all_tasks_blocked(0.01)

    async def shown(self, timeframe: str = "1m", days: int = 400) -> list[Candle]:
        dates = [day.date for day in CALENDAR.trading_days(*_dates(days))]
        return await self.hot.chart_days(NAME, timeframe, dates)


def _dates(days: int) -> tuple[Any, Any]:
    return CALENDAR.local_date(NOON - days * DAY_NS), CALENDAR.local_date(NOON)


@asynccontextmanager
async def charts(redis_url: str, database_url: str) -> AsyncGenerator[Bench]:
    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(redis_url))
        durable = bridged(await bridged(DurableStore).connect(database_url))
        kind = InstrumentKind.EQUITY
        row = Instrument(id=0, exchange="NSE", symbol="A", name="A", kind=kind, tick_size=0.05, lot_size=1)
        await durable.seed(exchanges(around_the_clock=True), [row], [])
        builder = Builder(hot, durable, Calendars(nowhere, {"NSE": "Asia/Kolkata"}))

        def make(system: Any) -> Charts:
            return Charts(builder, history=system.ref("/engine/history"))

        async with among_witnesses(make, "history") as (system, seen):
            yield Bench(system.ref("/engine/subject"), hot, durable, builder, seen["history"])
        await durable.close()
        await hot.close()


def minutes(days_ago: int, count: int = 20) -> list[Candle]:
    return [candle(MIDNIGHT - days_ago * DAY_NS + n * MINUTE_NS, 100.0 + n, 10 + n) for n in range(count)]


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
async def test_a_chart_holds_what_both_stores_hold_in_every_timeframe(
    redis_url: str, database_url: str, timeframe: str
) -> None:
    async with charts(redis_url, database_url) as bench:
        old, today = minutes(30), minutes(0)
        made = [one if timeframe == "1m" else derive(one, timeframe, CALENDAR) for one in (old, today)]
        await bench.durable.save(made[0])
        await bench.hot.write_candles(made[1])
        assert not (await bench.ask(timeframe))["built"]
        await bench.until_built(timeframe)

        assert await bench.shown(timeframe) == [*made[0], *made[1]]
        about = await bench.hot.chart_about(NAME, timeframe)
        assert about is not None
        assert about.start_ns <= old[0].time


async def test_however_many_ask_one_chart_is_built_once(redis_url: str, database_url: str) -> None:
    async with charts(redis_url, database_url) as bench:
        await bench.durable.save(minutes(3))
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(bench.until_built)

        assert bench.builder.builds == 1
        assert bench.wished == [HistoryWanted(NAME)]


async def test_the_newer_revision_is_shown_whichever_store_has_it(redis_url: str, database_url: str) -> None:
    async with charts(redis_url, database_url) as bench:
        first, second, third = minutes(1, 3)
        revised = [
            msgspec.structs.replace(one, state=CandleState.REVISED, revision=1, close=1.0) for one in (first, second)
        ]
        await bench.durable.save([revised[0], second, third])
        await bench.hot.write_candles([first, revised[1]])
        await bench.until_built()

        assert await bench.shown() == [*revised, third]


async def test_a_healed_candle_is_in_the_chart_within_two_seconds(redis_url: str, database_url: str) -> None:
    async with charts(redis_url, database_url) as bench:
        was = minutes(5, 3)
        await bench.durable.save(was)
        await bench.until_built()
        healed = msgspec.structs.replace(was[1], state=CandleState.REVISED, revision=1, close=1.0)
        bench.subject.tell(CandlesWritten((healed,)))
        with trio.fail_after(2):
            while await bench.shown() != [was[0], healed, was[2]]:
                await trio.sleep(0.05)

        assert bench.builder.builds == 1


async def test_a_refresh_writes_what_closed_since_and_an_older_revision_never_wins(
    redis_url: str, database_url: str
) -> None:
    async with charts(redis_url, database_url) as bench:
        was = minutes(0, 4)
        revised = msgspec.structs.replace(was[0], state=CandleState.REVISED, revision=2, close=1.0)
        await bench.hot.write_candles([revised, was[1]])
        await bench.until_built()
        bench.subject.tell(CandlesWritten(tuple(was)))
        await bench.subject.ask(RefreshCharts(), timeout_s=5)

        assert await bench.shown() == [revised, *was[1:]]


async def test_history_that_was_read_meanwhile_is_built_into_charts_that_stand(
    redis_url: str, database_url: str
) -> None:
    async with charts(redis_url, database_url) as bench:
        await bench.until_built()
        await bench.durable.save(minutes(40))
        bench.subject.tell(HistoryFilled(NAME))
        with trio.move_on_after(5):
            while await bench.shown() != minutes(40):
                await trio.sleep(0.05)
        assert await bench.shown() == minutes(40)


async def test_a_watched_chart_is_rebuilt_every_hour_and_one_nobody_asks_for_is_forgotten(
    redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with charts(redis_url, database_url) as bench:
        await bench.until_built()
        offset_s = [0.0]
        monkeypatch.setattr("actors.charts.anyio.current_time", lambda: trio.current_time() + offset_s[0])
        for _ in range(int(REBUILD_S / (WATCHED_S - 60)) + 1):
            offset_s[0] += WATCHED_S - 60
            await bench.ask()
        await bench.subject.ask(RefreshCharts(), timeout_s=5)
        with trio.fail_after(5):
            while bench.builder.builds < 2:
                await trio.sleep(0.05)
        offset_s[0] += WATCHED_S + REBUILD_S
        await bench.subject.ask(RefreshCharts(), timeout_s=5)

        assert not (await bench.ask())["built"]


async def test_days_that_left_the_window_leave_the_chart(redis_url: str, database_url: str) -> None:
    async with charts(redis_url, database_url) as bench:
        gone = minutes(90)
        await bench.hot.write_chart_days(NAME, "1m", {CALENDAR.local_date(gone[0].time): gone})
        await bench.until_built()

        assert await bench.shown() == []


async def test_an_exchange_without_a_calendar_is_an_answer_and_no_crash(redis_url: str, database_url: str) -> None:
    async with charts(redis_url, database_url) as bench:
        while not (answer := await bench.subject.ask(ChartWanted("LSE:A", "1m"), timeout_s=5))["failed"]:
            await trio.sleep(0.01)

    assert "LSE" in answer["failed"]
