"""The end of a day in real engines: killed at any moment, and done again by the next one, it leaves the same rows."""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pytest
import trio
from redis import Redis

from config.places import simulated_redis
from engine.boot import open_stores
from engine.market import DERIVED_TIMEFRAMES, derive
from engine.storage.bridge import open_bridge
from engine.storage.durable import DailyCandle, DurableStore, Job
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, calendar_of, seeded, settings_for, until
from tests.engine.test_heal_kills import EVENING, QUIET, TABLES, sql
from tests.engine.test_processes import Place, SharedClock

pytestmark = pytest.mark.slow

KILLS = 12 if os.environ.get("TICKTREE_TEST_LONG") == "1" else 1
SEED = int(os.environ.get("TICKTREE_TEST_SEED", str(date.today().toordinal())))  # noqa: DTZ011 - any day's will do
DAY_NS = 1_440 * MINUTE_NS
SESSIONS = [MIDNIGHT - ago * DAY_NS for ago in (8, 7, 6, 3, 2, 1)]
"""Midnights of the trading days before 2026-11-19, a Thursday: as far back as an engine looks by itself."""
DATE = date(2026, 11, 18)
DAYS = """
SELECT instrument_id, date, ts, open, high, low, close, volume, source, rev, state FROM price_history_daily
WHERE date BETWEEN '2026-11-17' AND '2026-11-18' AND instrument_id IN (
    SELECT i.id FROM instruments i JOIN exchanges e ON e.id = i.exchange_id WHERE e.code = 'NSE'
) ORDER BY instrument_id, date
"""
REPLACED = """
SELECT instrument_id, ts, rev, close, volume, source, state FROM candle_revisions WHERE timeframe = '1d' ORDER BY 1, 2, 3
"""
STATISTICS = "SELECT s::text FROM market_statistics s ORDER BY instrument_id, date"


@dataclass(frozen=True)
class Scene:
    """An exchange that has closed, and stores that hold its last days, each day's bar a little wrong."""

    place: Place
    hot: HotStore
    durable: DurableStore

    async def prepare(self) -> None:
        stores = self.place.stores
        with Redis.from_url(simulated_redis(stores.redis_url)) as client:  # pyright: ignore[reportUnknownMemberType]
            client.flushdb()  # pyright: ignore[reportUnknownMemberType]
        await sql(stores, f"TRUNCATE {TABLES}, market_statistics, jobs")
        for midnight in SESSIONS:
            told = await self.place.told(midnight + 555 * MINUTE_NS, midnight + 930 * MINUTE_NS)
            for name, minutes in told.items():
                calendar = calendar_of(name, around_the_clock=False)
                longer = [bar for timeframe in DERIVED_TIMEFRAMES for bar in derive(minutes, timeframe, calendar)]
                bars = [*minutes, *(bar for bar in longer if bar.timeframe != "1d")]
                wrong = [msgspec.structs.replace(bar, volume=bar.volume + 7) for bar in longer if bar.timeframe == "1d"]
                await self.durable.save(bars, [DailyCandle(calendar.session_date(bar.time), bar) for bar in wrong])

    async def rows(self) -> dict[str, Any]:
        told = {"days": DAYS, "replaced": REPLACED, "statistics": STATISTICS}
        return {name: await sql(self.place.stores, statement) for name, statement in told.items()}

    async def begin(self) -> None:
        """As an operator does it, who tries again while the engine does not know its instruments yet."""
        url = simulated_redis(self.place.stores.redis_url)
        with trio.fail_after(60):
            while not await self.job():
                await trio.to_thread.run_sync(lambda: asyncio.run(wish_for_the_day(url)))
                await trio.sleep(0.1)

    async def job(self) -> Job | None:
        return next(iter(await self.durable.jobs(1, "end_of_day")), None)

    async def done(self) -> None:
        async def is_over() -> bool:
            job = await self.job()
            return job is not None and job.status in {"done", "failed"}

        await until(is_over, within_s=60)
        job = await self.job()
        assert job is not None
        assert (job.status, job.done) == ("done", job.total), job


async def wish_for_the_day(redis_url: str) -> None:
    """On asyncio, as web processes do it."""
    hot = await HotStore.connect(redis_url)
    try:
        wish = {"command": "end_of_day", "exchange": "NSE", "date": DATE.isoformat()}
        with suppress(StorageUnavailableError):  # it listens a moment after it is ready
            await hot.send_command("engine", wish, 2.0)
    finally:
        await hot.close()


@asynccontextmanager
async def scene_of(stores: Stores) -> AsyncGenerator[Scene]:
    place = Place(stores, SharedClock(time.time_ns(), EVENING, 1.0))
    try:
        await place.open_exchange().ready()
        settings = settings_for(stores, place.feed_url, place.rest_url)
        await seeded(settings.durable_url, place.rest_url, around_the_clock=False)
        async with open_bridge(), open_stores(settings) as (hot, durable):
            yield Scene(place, hot, durable)
    finally:
        place.close()


async def test_a_day_whose_engines_are_killed_ends_as_one_that_was_left_alone(stores: Stores) -> None:
    chance = random.Random(SEED)
    async with scene_of(stores) as scene:
        await scene.prepare()
        engine = scene.place.engine(**QUIET)
        await engine.ready()
        await scene.begin()
        await scene.done()
        expected = await scene.rows()
        engine.popen.kill()
        instruments = len(expected["days"]) // 2
        assert instruments >= 5
        assert {(row[8], row[9]) for row in expected["days"]} == {("simulator/official", 1)}
        assert len(expected["replaced"]) == len(expected["statistics"]) == 2 * instruments

        await scene.prepare()
        engine = scene.place.engine(**QUIET)
        await engine.ready()
        await scene.begin()
        for _ in range(KILLS):
            await trio.sleep(chance.uniform(0.0, 0.6))
            engine.popen.kill()
            engine = scene.place.engine(**QUIET)
            await engine.ready()
        await scene.done()
        for name, rows in (await scene.rows()).items():
            assert rows == expected[name], f"{name}, seed {SEED}"


async def test_an_engine_that_was_away_works_through_the_last_day_by_itself(stores: Stores) -> None:
    async with scene_of(stores) as scene:
        await scene.prepare()
        engine = scene.place.engine(**QUIET, TICKTREE_END_OF_DAY_AFTER="15")
        await engine.ready()

        async def begun() -> bool:
            return await scene.job() is not None

        await until(begun, within_s=120)
        await scene.done()
        job = await scene.job()
        assert job is not None
        assert (job.arguments["exchange"], job.arguments["date"]) == ("NSE", "2026-11-19")
        report = await scene.durable.statistics.of_day("NSE", "equity", DATE)
        assert all(row.source == "simulator/official" and row.vwap for row in report)
