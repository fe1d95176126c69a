"""Upkeep in processes that are killed at seeded moments: nothing goes that is not archived, and it ends as if left alone."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.archive import DayArchive
from engine.market.kept_tick import KeptTick
from engine.storage.durable import DurableStore, Job
from tests.archive.upkeep_process import KEPT_DAYS, NOW_NS
from tests.storage.durable.seeds import seeded, without_tick_days
from tests.storage.samples import MINUTE_NS, bar

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
KILLS = 25 if os.environ.get("TICKTREE_TEST_LONG") == "1" else 3
SEED = int(os.environ.get("TICKTREE_TEST_SEED", str(date.today().toordinal())))  # noqa: DTZ011 - any day's will do
AGES = (KEPT_DAYS + 3, KEPT_DAYS + 2, KEPT_DAYS + 1, 1)
"""Of the days, the last of which is to be kept."""
SYMBOLS = ("INFY", "TCS")
DAY_NS = 1_440 * MINUTE_NS
PATIENCE_S = 60.0
LIVED = 36
"""Steps of the job that archive and drop."""
Rows = set[tuple[str, str, int]]
"""A table, an instrument and a time in microseconds each."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[DurableStore]:
    durable = await DurableStore.connect(database_url)
    await filled(durable)
    yield durable
    await durable.close()


async def filled(store: DurableStore) -> None:
    """The same each time, whatever was there."""
    await store._link.value("TRUNCATE price_history_intraday, jobs, checkpoints, ticks")
    await without_tick_days(store)
    await seeded(store)
    starts = [NOW_NS - ago * DAY_NS for ago in AGES]
    times = [start + number * MINUTE_NS for start in starts for number in range(60)]
    await store.save([bar(f"NSE:{symbol}", time=time) for symbol in SYMBOLS for time in times])
    await store._link.value("UPDATE price_history_intraday SET published_at = ts")
    await store.ticks.save([
        KeptTick(f"NSE:{symbol}", start // 1_000 + number, start // 1_000, 0.3, 1, 1, None, None, 1.0, None, "dhan")
        for symbol in SYMBOLS for start in starts for number in range(100)
    ])  # fmt: skip


async def held(store: DurableStore) -> Rows:
    """By the database."""
    found: Rows = set()
    for symbol in SYMBOLS:
        name = f"NSE:{symbol}"
        minutes = await store.candles(name, "1m", 0, NOW_NS)
        found |= {("price_history_intraday", name, minute.time // 1_000) for minute in minutes}
        found |= {("ticks", name, tick.received_us) for tick in await store.ticks.read(name, 0, 2**51, limit=10_000)}
    return found


def archived(folder: Path) -> Rows:
    """By the files that the manifests name, each of which is whole."""
    found: Rows = set()
    times = {"price_history_intraday": "ts", "ticks": "received_at"}
    for manifest, place in manifests(folder):
        manifest.verify(place)
        for file in manifest.files:
            frame = pl.read_parquet(place / file.file)
            rows = zip(frame["instrument"], frame[times[file.table]], strict=True)
            found |= {(file.table, name, time) for name, time in rows}
    return found


def manifests(folder: Path) -> list[tuple[Any, Path]]:
    nowhere: Any = None
    archive = DayArchive(nowhere, folder, now_ns=lambda: NOW_NS)
    days = archive.days(date.min, date.max)
    whole = [
        (archive.manifest(day), folder / str(day)) for day in days if (folder / str(day) / "manifest.json").exists()
    ]
    ticks = [(archive.ticks.manifest(day), folder / str(day) / "ticks") for day in days if archive.ticks.has(day)]
    return [*whole, *ticks]


def files(folder: Path) -> list[tuple[str, int]]:
    """The names, which have the digests in them, and how many rows each has."""
    return [
        (f"{place.name}/{file.file}", file.rows) for manifest, place in manifests(folder) for file in manifest.files
    ]


async def job(store: DurableStore) -> Job | None:
    return next(iter(await store.jobs(1, "upkeep")), None)


class Upkeep:
    """The process, on a database and a folder."""

    def __init__(self, url: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.archive.upkeep_process", url, str(folder)]
        self._popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def end(self) -> int:
        return await asyncio.to_thread(self._popen.wait, PATIENCE_S)

    async def kill(self, store: DurableStore, chance: random.Random) -> bool:
        """Some steps on in its job; whether that was under way."""
        known = await job(store)
        done = known.done if known else 0
        at = chance.randint(done, done + max(3, LIVED // KILLS))
        async with asyncio.timeout(PATIENCE_S):
            while (now := await job(store)) is None or now.status == "waiting" or now.done < min(at, now.total):
                await asyncio.sleep(0.002)
        await asyncio.sleep(chance.random() * 0.05)
        self._popen.kill()
        self._popen.wait()
        left = await job(store)
        return left is not None and left.status == "running"


async def test_upkeep_that_is_killed_drops_nothing_unarchived_and_ends_as_one_that_was_left_alone(
    store: DurableStore, database_url: str, tmp_path: Path
) -> None:
    whole = await held(store)
    assert await Upkeep(database_url, tmp_path / "alone").end() == 0
    rows, expected = await held(store), files(tmp_path / "alone")
    assert rows == {row for row in whole if row[2] > (NOW_NS - KEPT_DAYS * DAY_NS) // 1_000}
    assert archived(tmp_path / "alone") == whole - rows
    assert len(expected) == 3 + 3 * 5, "a file of minutes a day, and five of ticks"

    await filled(store)
    chance, folder, under_way = random.Random(SEED), tmp_path / "killed", 0
    for number in range(KILLS):
        under_way += await Upkeep(database_url, folder).kill(store, chance)
        assert await held(store) | archived(folder) == whole, f"kill {number + 1}, seed {SEED}"
    assert under_way, f"the job was over before anybody was killed, seed {SEED}"
    assert await Upkeep(database_url, folder).end() == 0
    left = await job(store)
    assert left is not None
    assert (left.status, left.done) == ("done", left.total), left
    assert await held(store) == rows, f"seed {SEED}"
    assert files(folder) == expected, f"seed {SEED}"
