"""Backfilling: what the provider knows of the past is in both stores afterwards, and nothing that has not ended."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import msgspec
import trio
from pydantic import SecretStr

from config.calendars import load_calendar
from config.settings import Settings
from engine.backfill import SETTLE_NS, Backfiller, Portion, portions
from engine.boot import open_stores
from engine.market import Calendars, Candle
from engine.providers.base import Route
from engine.providers.catalog import configured_providers
from engine.providers.simulator.options import SimulatorOptions
from engine.providers.simulator.server import Simulator, serve
from engine.seeding import exchanges, listed
from engine.storage.bridge import open_bridge
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import NAME, NOON, candle
from tests.storage.durable.seeds import equity

MINUTE_NS = 60_000_000_000
ROUTE = Route("NSE:NIFTY", "IDX_I", "13", 0.05, "index")


@asynccontextmanager
async def filler(redis_url: str, database_url: str) -> AsyncGenerator[tuple[Backfiller, list[Route]]]:
    """A backfiller on real stores, seeded from a simulated exchange that has three instruments."""
    async with trio.open_nursery() as nursery, open_bridge():
        simulator: Simulator = await nursery.start(serve, SimulatorOptions(instruments=3))
        settings = Settings(
            redis_url=SecretStr(redis_url),
            database_url=SecretStr(database_url),
            simulator_feed_url=simulator.feed_url,
            simulator_rest_url=simulator.rest_url,
        )
        real = settings.model_copy(update={"providers": ("dhan",)})  # the fixtures' databases carry no suffix
        async with open_stores(real) as (hot, durable):
            book = await trio.to_thread.run_sync(listed, simulator.rest_url)
            await durable.seed(exchanges(around_the_clock=True), book.instruments, book.mappings)
            routes = [
                Route(row.instrument, row.segment, row.provider_symbol, row.tick_size, row.kind)
                for row in await durable.routes("simulator")
            ]
            calendars = Calendars(load_calendar)
            calendars.learn(await durable.exchanges())
            history = configured_providers(settings)["simulator"].history
            yield Backfiller(history, hot, durable, calendars, 7, time.time_ns()), routes
        nursery.cancel_scope.cancel()


async def test_a_day_is_in_both_stores_afterwards_and_repeating_it_changes_nothing(
    redis_url: str, database_url: str
) -> None:
    async with filler(redis_url, database_url) as (backfiller, routes):
        day = datetime.now(UTC).date() - timedelta(days=2)
        assert await backfiller.fill(Portion(routes[0], day, day)) > 1440
        calendar = backfiller.calendars.of(routes[0].instrument)
        session = calendar.sessions(day, day)[0]
        span = session.start_ns, session.end_ns
        for timeframe, count in (("1m", 1440), ("5m", 288), ("1h", 24)):
            saved = await backfiller.durable.candles(routes[0].instrument, timeframe, *span)
            hot = await backfiller.hot.candles(routes[0].instrument, timeframe, *span)
            assert len(saved) == len(hot) == count
            assert [candle.close for candle in saved] == [candle.close for candle in hot]
        days = await backfiller.durable.days(routes[0].instrument, day, day)
        assert [bar.date for bar in days] == [day]
        assert await backfiller.fill(Portion(routes[0], day, day)) == 0


async def test_what_has_not_ended_is_left_to_the_engine(redis_url: str, database_url: str) -> None:
    async with filler(redis_url, database_url) as (backfiller, routes):
        calendar = backfiller.calendars.of(routes[0].instrument)
        today = calendar.local_date(backfiller.now_ns)
        await backfiller.fill(Portion(routes[0], today, today))
        start_ns = calendar.sessions(today, today)[0].start_ns
        minutes = await backfiller.durable.candles(routes[0].instrument, "1m", start_ns, backfiller.now_ns)
        assert all(minute.time + MINUTE_NS + SETTLE_NS <= backfiller.now_ns for minute in minutes)
        assert await backfiller.durable.days(routes[0].instrument, today, today) == []


class Told:
    """What backfilling asks of a provider: these minutes, and no days."""

    def __init__(self, minutes: list[Candle]) -> None:
        self._minutes = minutes

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        return [minute for minute in self._minutes if start_ns <= minute.time < end_ns]

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        return []


async def test_a_bar_that_can_not_be_true_fills_nothing_and_a_flag_of_either_store_is_healed() -> None:
    hot, durable = MemoryHotStore(lambda: NOON), MemoryDurableStore()
    await durable.seed(exchanges(around_the_clock=True), [equity("A")], [])
    calendars = Calendars(load_calendar, {"NSE": "Asia/Kolkata"})
    hour = [candle(NOON + number * MINUTE_NS, 10.0, 5) for number in range(3)]
    flagged = [msgspec.structs.replace(minute, resolve_required=True) for minute in hour]
    await hot.write_candles([flagged[0], hour[1]])
    await durable.save([hour[0], flagged[1]])
    history = Told([*hour[:2], msgspec.structs.replace(hour[2], high=9.0)])
    now_ns = NOON + 60 * MINUTE_NS
    backfiller = Backfiller(history, hot, durable, calendars, 7, now_ns)  # pyright: ignore[reportArgumentType]
    day = calendars.of(NAME).local_date(NOON)
    await backfiller.fill(Portion(Route(NAME, "NSE_EQ", "1", 0.05, "equity"), day, day))
    for store in (hot, durable):
        kept = await store.candles(NAME, "1m", NOON, NOON + 9 * MINUTE_NS)
        assert [(minute.revision, minute.resolve_required) for minute in kept] == [(1, False), (1, False)]


def test_the_work_is_cut_into_months_that_miss_and_repeat_no_day() -> None:
    work = list(portions([ROUTE], date(2026, 1, 1), date(2026, 3, 15)))
    assert [(portion.first, portion.last) for portion in work] == [
        (date(2026, 1, 1), date(2026, 1, 30)),
        (date(2026, 1, 31), date(2026, 3, 1)),
        (date(2026, 3, 2), date(2026, 3, 15)),
    ]
