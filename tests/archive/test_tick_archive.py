"""The archive of ticks: portion by portion, whatever cuts it off, and what comes back is what went out."""

import asyncio
import random
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from engine.archive import ArchiveError, DayArchive, TickArchive, tick_archive
from engine.market.kept_tick import KeptTick
from engine.storage.durable import DurableStore
from tests.storage.durable.seeds import seeded, without_tick_days

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 20)
MIDNIGHT_US = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 1_000_000
DAY_US = 86_400_000_000
EVER = 0, 2**51
SYMBOLS = ("RELIANCE", "TCS")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[DurableStore]:
    """A day from its first to its last microsecond in portions of 40, with one tick on either side of it."""
    monkeypatch.setattr(tick_archive, "PORTION", 40)
    durable = await DurableStore.connect(database_url)
    await seeded(durable)
    await without_tick_days(durable)
    await durable.ticks.save([*ticks(), tick("TCS", MIDNIGHT_US - 1), tick("TCS", MIDNIGHT_US + DAY_US)])
    yield durable
    await durable.close()


@pytest.fixture
def archive(store: DurableStore, tmp_path: Path) -> TickArchive:
    return TickArchive(store, tmp_path, now_ns=lambda: MIDNIGHT_US * 1_000)


def tick(symbol: str, received_us: int) -> KeptTick:
    return KeptTick(
        f"NSE:{symbol}", received_us, received_us - 40, 0.1 + 0.2, 5, 2, 2**60, 7, 0.0, 1e-9, 'a "feed", or two'
    )


def ticks() -> list[KeptTick]:
    times = [MIDNIGHT_US, *(MIDNIGHT_US + number * DAY_US // 50 for number in range(1, 50)), MIDNIGHT_US + DAY_US - 1]
    whole = [tick(symbol, time) for time in times for symbol in SYMBOLS]
    whole[3] = msgspec.structs.replace(whole[3], volume=None, open_interest=None, bid=None, ask=None)
    return whole


async def held(store: DurableStore) -> list[KeptTick]:
    """All ticks, also of the days beside."""
    return [tick for symbol in SYMBOLS for tick in await store.ticks.read(f"NSE:{symbol}", *EVER, limit=1_000)]


def archived(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "2026-11-20" / "ticks" / "*.parquet")


async def test_a_day_comes_back_as_it_was_out_of_its_portions(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    before = await held(store)
    assert await archive.archive(DAY) == len(ticks()) == 102
    manifest = archive.manifest(DAY)
    assert [file.rows for file in manifest.files] == [40, 40, 22]
    spans = [(file.start_us, file.end_us) for file in manifest.files]
    assert (spans[0][0], spans[-1][1]) == (MIDNIGHT_US, MIDNIGHT_US + DAY_US)
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert archived(tmp_path)["price"].unique().to_list() == [0.1 + 0.2]
    assert await archive.drop(DAY) == 102
    assert len(await held(store)) == 2
    assert await archive.restore(DAY) == 102
    assert await held(store) == before
    assert await archive.restore(DAY) == 0


async def test_what_is_archived_already_is_not_written_again(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    await archive.archive_portion(DAY)
    first = archive.manifest(DAY).files
    other = TickArchive(store, tmp_path, now_ns=lambda: 0)
    await other.archive(DAY)
    whole = archive.manifest(DAY)
    assert whole.files[:1] == first
    await other.archive(DAY)
    assert other.manifest(DAY) == whole, "nor is the manifest"


async def test_what_the_database_has_no_more_stays_in_the_archive(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    await archive.archive(DAY)
    await archive.drop(DAY)
    late = tick("INFY", MIDNIGHT_US + 5)
    await store.ticks.save([late])
    assert await archive.archive(DAY) == 1
    assert await archive.drop(DAY) == 1
    assert archived(tmp_path).height == 103
    assert await archive.archive(DAY) == 0
    await archive.restore(DAY)
    assert len(await held(store)) == 104
    assert await store.ticks.read("NSE:INFY", *EVER, limit=9) == [late]


async def test_whatever_cuts_it_off_all_that_is_dropped_is_in_it(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)
    chance, before = random.Random(seed), await held(store)
    for _ in range(12):
        attempt = asyncio.create_task(archive.archive_portion(DAY))
        await asyncio.sleep(chance.random() * 0.04)
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
        archive = TickArchive(store, tmp_path, now_ns=lambda: MIDNIGHT_US * 1_000)
        if archive.has(DAY):
            archive.manifest(DAY).verify(tmp_path / "2026-11-20" / "ticks")
    assert await held(store) == before, seed
    assert await archive.archive(DAY) == 102
    assert await archive.drop(DAY) == 102
    assert archived(tmp_path).height == 102, seed
    await archive.restore(DAY)
    assert await held(store) == before, seed


async def test_nothing_is_dropped_of_which_a_file_is_damaged(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    await archive.archive(DAY)
    before = await held(store)
    file = next((tmp_path / "2026-11-20" / "ticks").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    for work in (archive.drop, archive.archive, archive.restore):
        with pytest.raises(ArchiveError, match=r"ticks-\d{6}-\w{12}.parquet is damaged"):
            await work(DAY)
    assert await held(store) == before


async def test_a_day_without_ticks_leaves_nothing_behind(archive: TickArchive, tmp_path: Path) -> None:
    quiet = date(2026, 11, 1)
    assert await archive.archive(quiet) == 0
    assert await archive.drop(quiet) == 0
    assert not archive.has(quiet)
    assert list(tmp_path.iterdir()) == []


async def test_a_day_of_which_only_ticks_are_archived_is_restored_as_any(
    store: DurableStore, archive: TickArchive, tmp_path: Path
) -> None:
    whole = DayArchive(store, tmp_path, now_ns=lambda: MIDNIGHT_US * 1_000)
    await archive.archive(DAY)
    await archive.drop(DAY)
    assert whole.days(DAY, DAY) == [DAY]
    assert await whole.restore(DAY) == 102
    assert await whole.was_restored(DAY)
    await whole.archive(DAY)
    assert archive.has(DAY), "the tables' archive leaves it alone"
