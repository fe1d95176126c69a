"""The end of a day in real engines: killed at any moment, and done again by the next one, it leaves the same rows."""

import asyncio
import os
import random
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import trio
from redis import Redis

from config.places import simulated_database, simulated_redis
from engine.boot import open_stores
from engine.market import DERIVED_TIMEFRAMES, Candle, derive
from engine.market.after_hours import UNFINISHED
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.storage.bridge import open_bridge
from engine.storage.durable import DailyCandle, DurableStore, Job
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, calendar_of, seeded, settings_for, until
from tests.engine.test_heal_kills import EVENING, QUIET, TABLES, sql
from tests.engine.test_processes import Place, Process, SharedClock

pytestmark = pytest.mark.slow

LONG = os.environ.get("TICKTREE_TEST_LONG") == "1"
KILLS = 6 if LONG else 1
MISSED = ["2026-11-17", "2026-11-18", "2026-11-19"][0 if LONG else 1 :]
FEW = {} if LONG else {"TICKTREE_SIMULATOR_INSTRUMENTS": "6", "TICKTREE_SIMULATOR_TICKS_PER_S": "1"}
"""What is proved of some instruments and two days holds for more."""
SEED = int(os.environ.get("TICKTREE_TEST_SEED", str(date.today().toordinal())))  # noqa: DTZ011 - any day's will do
DAY_NS = 1_440 * MINUTE_NS
SESSIONS = [MIDNIGHT - ago * DAY_NS for ago in (8, 7, 6, 3, 2, 1)]
"""Midnights of the trading days before 2026-11-19, a Thursday: as far back as an engine looks by itself."""
DATE = date(2026, 11, 18)
EX_DATE = date(2026, 11, 17)
"""Of a split: the day before the job's own, as bars of days before an ex-date are not asked for."""
DAYS = """
SELECT instrument_id, date, ts, open, high, low, close, volume, source, rev, state, delivery_percentage, adj_close
FROM price_history_daily
WHERE date BETWEEN '2026-11-17' AND '2026-11-18' AND instrument_id IN (
    SELECT i.id FROM instruments i JOIN exchanges e ON e.id = i.exchange_id WHERE e.code = 'NSE'
) ORDER BY instrument_id, date
"""
REPLACED = """
SELECT instrument_id, ts, rev, close, volume, source, state FROM candle_revisions WHERE timeframe = '1d' ORDER BY 1, 2, 3
"""
NOT_ANSWERED_YET = "INSERT INTO checkpoints (name, position_ns) VALUES ('official:{}', 0)"
"""As long as it is neither committed nor rolled back, whoever notes that answer waits."""
HOLD_FIGURES = "LOCK TABLE market_statistics IN SHARE ROW EXCLUSIVE MODE"
WAITS = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO market_statistics%'"
REPORT = "18112026.csv"
STATISTICS = "SELECT s::text FROM market_statistics s ORDER BY instrument_id, date"


@dataclass(frozen=True)
class Scene:
    """An exchange that has closed, and stores that hold its last days, each day's bar a little wrong."""

    place: Place
    hot: HotStore
    durable: DurableStore
    reports: Path

    def engine(self, **environment: str) -> Process:
        place = f"{self.reports}/{{date:%d%m%Y}}.csv"
        return self.place.engine(**QUIET, **FEW, TICKTREE_DELIVERY_REPORT=place, **environment)

    async def prepare(self) -> set[str]:
        """Answers the exchanges there are."""
        stores = self.place.stores
        with Redis.from_url(simulated_redis(stores.redis_url)) as client:  # pyright: ignore[reportUnknownMemberType]
            client.flushdb()  # pyright: ignore[reportUnknownMemberType]
        await sql(stores, f"TRUNCATE {TABLES}, market_statistics, jobs, corporate_actions")
        told: dict[str, list[Candle]] = {}
        for midnight in SESSIONS:
            told = await self.place.told(midnight + 555 * MINUTE_NS, midnight + 930 * MINUTE_NS)
            for name, minutes in told.items():
                calendar = calendar_of(name, around_the_clock=False)
                longer = [bar for timeframe in DERIVED_TIMEFRAMES for bar in derive(minutes, timeframe, calendar)]
                bars = [*minutes, *(bar for bar in longer if bar.timeframe != "1d")]
                wrong = [msgspec.structs.replace(bar, volume=bar.volume + 7) for bar in longer if bar.timeframe == "1d"]
                await self.durable.save(bars, [DailyCandle(calendar.session_date(bar.time), bar) for bar in wrong])

        shares = sorted(name for name in told if name.startswith("NSE:"))
        split = CorporateAction(instrument=shares[0], ex_date=EX_DATE, kind=ActionKind.SPLIT, ratio=2.0, source="file")
        await self.durable.corporate_actions.save([split])
        self.lay_report(shares)
        return {name.partition(":")[0] for name in told}

    def lay_report(self, shares: Sequence[str]) -> None:
        lines = [f"{name.partition(':')[2]}, EQ, 18-Nov-2026, 61.20" for name in shares]
        (self.reports / REPORT).write_text("\n".join(["SYMBOL, SERIES, DATE1, DELIV_PER", *lines, ""]))

    async def reaches(self, done: int) -> None:
        """Waits until the job has done so many steps."""
        with trio.fail_after(60):
            while True:
                job = await self.job()
                if job is not None and job.done >= done:
                    return
                await trio.sleep(0.002)

    async def kill(self, engine: Process) -> int:
        """Kills it in the midst of its job; how many steps that had done."""
        engine.popen.kill()
        engine.popen.wait()
        left = await self.job()
        assert left is not None
        assert left.status in UNFINISHED
        assert 0 < left.done < left.total
        return left.done

    async def kill_between_bars(self, chance: random.Random) -> None:
        """Somewhere among the instruments whose official bars are read: it can not note what one of them answered."""
        shares = sorted(name for name in await self.place.told(0, 0) if name.startswith("NSE:"))
        before = await self.job()
        number = min((before.done if before else 0) + chance.randint(1, 2), len(shares) - 1)
        async with held(simulated_database(self.place.stores.database_url), NOT_ANSWERED_YET.format(shares[number])):
            engine = self.engine()
            await engine.ready()
            await self.begin()
            await self.reaches(number)
            assert await self.kill(engine) == number

    async def kill_in_the_report(self) -> None:
        """While it reads the report of the day: a pipe that nobody writes to."""
        report, put_aside = self.reports / REPORT, self.reports / "aside"
        report.rename(put_aside)
        os.mkfifo(report)
        engine = self.engine()
        await engine.ready()
        job = await self.job()
        assert job is not None
        await self.reaches(job.total - 2)
        assert await self.kill(engine) == job.total - 2
        report.unlink()
        put_aside.rename(report)

    async def kill_before_the_figures(self) -> None:
        """When adjusted closes are noted and the figures are about to be: somebody else holds their table."""
        url = simulated_database(self.place.stores.database_url)
        async with held(url, HOLD_FIGURES):
            engine = self.engine()
            await engine.ready()

            async def waits() -> bool:
                return bool(await sql(self.place.stores, WAITS))

            await until(waits, within_s=60)
            job = await self.job()
            assert job is not None
            assert await self.kill(engine) == job.total - 1
        assert await sql(
            self.place.stores, "SELECT adj_close FROM price_history_daily WHERE adj_close IS NOT NULL LIMIT 1"
        )

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
async def held(url: str, statement: str) -> AsyncGenerator[None]:
    """Whom the statement's locks are in the way of waits meanwhile; it is rolled back."""
    taken, let_go = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(f"BEGIN; {statement}")
        taken.set()
        await asyncio.to_thread(let_go.wait, 120)
        await connection.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, lambda: asyncio.run(hold()))
        assert await trio.to_thread.run_sync(taken.wait, 30)
        try:
            yield
        finally:
            let_go.set()


@asynccontextmanager
async def scene_of(stores: Stores, reports: Path) -> AsyncGenerator[Scene]:
    place = Place(stores, SharedClock(time.time_ns(), EVENING, 1.0))
    try:
        await place.open_exchange(**FEW).ready()
        settings = settings_for(stores, place.feed_url, place.rest_url)
        await seeded(settings.durable_url, place.rest_url, around_the_clock=False)
        async with open_bridge(), open_stores(settings) as (hot, durable):
            yield Scene(place, hot, durable, reports)
            await sql(stores, "TRUNCATE corporate_actions")
    finally:
        place.close()


async def test_a_day_whose_engines_are_killed_ends_as_one_that_was_left_alone(stores: Stores, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with scene_of(stores, tmp_path) as scene:
        await scene.prepare()
        engine = scene.engine()
        await engine.ready()
        await scene.begin()
        await scene.done()
        expected = await scene.rows()
        engine.popen.kill()
        instruments = len(expected["days"]) // 2
        assert instruments >= 5
        assert {(row[8], row[9]) for row in expected["days"]} == {("simulator/official", 1)}
        told = {row[0]: row[11:] for row in expected["days"] if row[1] == DATE}
        assert {delivery for delivery, _ in told.values()} == {61.2}
        assert len([close for _, close in told.values() if close is not None]) == 1
        assert len(expected["replaced"]) == len(expected["statistics"]) == 2 * instruments

        await scene.prepare()
        for _ in range(KILLS):
            await scene.kill_between_bars(chance)
        await scene.kill_in_the_report()
        await scene.kill_before_the_figures()
        await scene.engine().ready()
        await scene.done()
        for name, rows in (await scene.rows()).items():
            assert rows == expected[name], f"{name}, seed {SEED}"


async def test_an_engine_that_was_away_for_days_works_through_each_by_itself(stores: Stores, tmp_path: Path) -> None:
    async with scene_of(stores, tmp_path) as scene:
        exchanges = await scene.prepare()
        last_ns, today_ns = SESSIONS[-len(MISSED)] + 930 * MINUTE_NS, MIDNIGHT + 930 * MINUTE_NS
        for exchange in exchanges:
            done_ns = last_ns if exchange == "NSE" else today_ns
            await scene.durable.save([], [], checkpoint_ns=done_ns, name=f"end_of_day:{exchange}")
        engine = scene.engine(TICKTREE_END_OF_DAY_AFTER="15")
        await engine.ready()

        async def begun() -> list[str]:
            jobs = await scene.durable.jobs(20, "end_of_day")
            return [job.arguments["date"] for job in reversed(jobs) if job.arguments["exchange"] == "NSE"]

        async def all_begun() -> bool:
            return await begun() == MISSED

        await until(all_begun, within_s=120)
        await scene.done()
        report = await scene.durable.statistics.of_day("NSE", "equity", DATE)
        assert all(row.source == "simulator/official" and row.vwap for row in report)
