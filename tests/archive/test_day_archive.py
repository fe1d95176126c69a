"""The archive: what comes back is what went out, whatever cut it off, and nothing is dropped that is not in it."""

import asyncio
import math
import os
import random
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import polars as pl
import pytest

from engine.archive import ArchiveError, DayArchive
from engine.archive.manifest import checksum
from engine.market.candle import CandleState
from engine.market.statistics import Days, Minutes, day_statistics
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.durable.archive_tables import DROPPED, TABLES, first_moment
from engine.storage.errors import DurableStoreError
from tests.storage.durable.seeds import seeded
from tests.storage.samples import MINUTE_NS, bar

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 20)
MIDNIGHT = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 1_000_000_000
DAY_NS = 1440 * MINUTE_NS
SNAPSHOT = """
INSERT INTO option_chain_snapshots (underlying_id, expiry, minute, as_of, spot, ce_oi, pe_oi, reasons, snapshot)
SELECT id, '2026-11-26', '2026-11-20T04:00:00Z', '2026-11-20T04:00:59.123456Z', 100.05, 7, 9, '{"atm": "no_forward"}', $1 FROM instruments
WHERE symbol = 'TCS'
"""
MANY_MINUTES = """
INSERT INTO price_history_intraday (instrument_id, timeframe, ts, open, high, low, close, volume, source, rev, state, resolve_required)
SELECT i.id, '1m', '2026-11-19T00:00:00Z'::timestamptz - n * interval '1 minute', 1, 1, 1, 1, 1, '', 0, 'final', false
FROM instruments i, generate_series(1, CASE i.symbol WHEN 'INFY' THEN 40000 ELSE 10000 END) n
WHERE i.symbol IN ('INFY', 'RELIANCE');
ANALYZE price_history_intraday
"""
ODD = 0.1 + 0.2
"""Has no short form in decimal digits."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[DurableStore]:
    durable = await DurableStore.connect(database_url)
    await seeded(durable)
    await filled(durable)
    yield durable
    await durable.close()


@pytest.fixture
def archive(store: DurableStore, tmp_path: Path) -> DayArchive:
    return DayArchive(store, tmp_path, now_ns=lambda: MIDNIGHT + 40 * DAY_NS)


async def filled(store: DurableStore) -> None:
    """Two days of minutes with all that is odd: revisions, flags, nulls among the prices, sources without a name."""
    minutes = [
        bar(
            name,
            time=MIDNIGHT + number * MINUTE_NS + ago * DAY_NS,
            close=2455.0 + number * ODD,
            open_interest=number or None,
        )
        for name in ("NSE:RELIANCE", "NSE:TCS")
        for number in range(60)
        for ago in (0, 1)
    ]
    odd = [
        msgspec.structs.replace(minutes[2], revision=1, state=CandleState.REVISED, source=""),
        msgspec.structs.replace(
            minutes[4], revision=1, state=CandleState.REVISED, close=math.nan, resolve_required=True
        ),
    ]
    day_bar = DailyCandle(DAY, bar(time=MIDNIGHT, timeframe="1d", source='a "provider", or two'), 2_400.0, None, 61.5)
    await store.save(minutes)
    await store.save(odd, [day_bar])
    await store._link.value(SNAPSHOT, bytes(range(256)))
    columns = Days([DAY], [12.0], [10.0], [11.0], [200], [7])
    await store.statistics.save([day_statistics("NSE:TCS", columns, Minutes([12.0], [10.0], [11.0], [5]), 375)])


async def rows(url: str, day: date = DAY) -> dict[str, list[Any]]:
    """Everything the tables hold of a day, as PostgreSQL itself shows it."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table.name: [
                str(row)
                for row in await connection.fetch(
                    f"SELECT t::text FROM {table.name} t WHERE (t.{table.time} AT TIME ZONE 'UTC')::date = $1 ORDER BY 1"
                    if not table.dated
                    else f"SELECT t::text FROM {table.name} t WHERE t.{table.time} = $1 ORDER BY 1",
                    day,
                )
            ]
            for table in TABLES
        }
    finally:
        await connection.close()


def file_of(folder: Path, table: str) -> Path:
    [found] = (folder / "2026-11-20").glob(f"{table}-*.parquet")
    return found


async def emptied(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"TRUNCATE {', '.join(table.name for table in TABLES)}")
    await connection.close()


async def test_a_day_comes_back_as_it_was(store: DurableStore, archive: DayArchive, database_url: str) -> None:
    before = await rows(database_url)
    manifest = (await archive.archive(DAY)).manifest
    assert manifest.rows == {name: len(held) for name, held in before.items() if held}
    assert manifest.rows["candle_revisions"] == 2
    await emptied(database_url)
    assert await archive.restore(DAY) == sum(manifest.rows.values())
    assert await rows(database_url) == before
    assert await archive.restore(DAY) == 0


async def test_what_was_archived_before_its_table_had_a_column_comes_back_without_it(
    store: DurableStore, archive: DayArchive, tmp_path: Path, database_url: str
) -> None:
    manifest = (await archive.archive(DAY)).manifest
    older = file_of(tmp_path, "option_chain_snapshots")
    pl.read_parquet(older).drop("reasons").write_parquet(older)
    files = [
        msgspec.structs.replace(one, sha256=checksum(older)) if one.file == older.name else one
        for one in manifest.files
    ]
    msgspec.structs.replace(manifest, files=tuple(files)).write(older.parent)
    before = (await rows(database_url))["option_chain_snapshots"]
    await emptied(database_url)
    await archive.restore(DAY)
    [told] = before
    [found] = (await rows(database_url))["option_chain_snapshots"]
    assert '"{""atm"": ""no_forward""}"' in told
    assert found == told.replace('"{""atm"": ""no_forward""}"', "")


async def test_other_programs_can_read_it(archive: DayArchive, tmp_path: Path) -> None:
    await archive.archive(DAY)
    frame = pl.read_parquet(file_of(tmp_path, "price_history_intraday"))
    assert frame["instrument"].unique().sort().to_list() == ["NSE:RELIANCE", "NSE:TCS"]
    assert frame["ts"].min() == MIDNIGHT // 1_000
    assert (frame["close"].is_nan().sum(), frame["source"].is_null().sum()) == (1, 0)
    assert frame["close"].max() == 2455.0 + 59 * ODD


async def test_what_stands_stays_unless_the_archive_has_a_higher_revision(
    store: DurableStore, archive: DayArchive
) -> None:
    first = bar("NSE:TCS", time=MIDNIGHT)
    await store.save([msgspec.structs.replace(first, close=2456.0, revision=5, state=CandleState.REVISED)])
    await archive.archive(DAY)
    await store.save([msgspec.structs.replace(first, close=2457.0, revision=6, state=CandleState.REVISED)])
    assert await archive.restore(DAY) == 0
    [kept] = await store.candles("NSE:TCS", "1m", MIDNIGHT, MIDNIGHT + MINUTE_NS)
    assert (kept.revision, kept.close) == (6, 2457.0)
    await archive.archive(DAY)
    connection_less = msgspec.structs.replace(first, instrument="NSE:INFY")
    await store.save([connection_less])
    assert await archive.restore(DAY) == 0
    assert len(await store.candles("NSE:INFY", "1m", MIDNIGHT, MIDNIGHT + MINUTE_NS)) == 1


async def test_damaged_files_are_refused_before_a_row_is_written(
    archive: DayArchive, database_url: str, tmp_path: Path
) -> None:
    await archive.archive(DAY)
    await emptied(database_url)
    file = file_of(tmp_path, "price_history_intraday")
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    with pytest.raises(ArchiveError, match=r"price_history_intraday-\w{12}.parquet is damaged"):
        await archive.restore(DAY)
    file.unlink()
    for work in (archive.restore, archive.archive):
        with pytest.raises(ArchiveError, match="is not there"):
            await work(DAY)
    with pytest.raises(ArchiveError, match=r"manifest.json"):
        await archive.restore(DAY + timedelta(days=7))
    assert not any((await rows(database_url)).values())


async def test_a_manifest_names_no_file_of_another_folder(archive: DayArchive, tmp_path: Path) -> None:
    manifest = (await archive.archive(DAY)).manifest
    strange = msgspec.structs.replace(manifest.files[0], file="../elsewhere.parquet")
    msgspec.structs.replace(manifest, files=(strange,)).write(tmp_path / "2026-11-20")
    with pytest.raises(ArchiveError, match="is not there"):
        await archive.restore(DAY)


async def test_whatever_cuts_it_off_the_archive_is_whole(
    store: DurableStore, archive: DayArchive, database_url: str, tmp_path: Path
) -> None:
    place, seed = tmp_path / "2026-11-20", random.randrange(1_000_000)
    chance = random.Random(seed)
    expected = (await archive.archive(DAY)).manifest.rows
    for number in range(6):
        await store.save([bar("NSE:INFY", time=MIDNIGHT + number * MINUTE_NS)])
        attempt = asyncio.create_task(archive.archive(DAY))
        await asyncio.sleep(chance.random() * 0.1)
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
        found = archive.manifest(DAY)
        found.verify(place)
        assert found.rows["price_history_intraday"] >= expected["price_history_intraday"], seed
    assert (await archive.archive(DAY)).manifest.rows["price_history_intraday"] == 120 + 6, seed
    assert {path.name for path in place.iterdir()} == {
        "manifest.json",
        *(one.file for one in archive.manifest(DAY).files),
    }
    assert archive.days(DAY, DAY) == [DAY]
    assert archive.days(DAY + timedelta(days=1), DAY + timedelta(days=9)) == []


async def test_what_the_database_has_no_more_stays_in_the_archive(
    store: DurableStore, archive: DayArchive, database_url: str
) -> None:
    before = await rows(database_url)
    first = await archive.archive(DAY)
    await store.archive.drop(DAY, first.rows)
    assert (await archive.archive(DAY)).manifest.rows == first.manifest.rows
    late = bar("NSE:TCS", time=MIDNIGHT, revision=7, state=CandleState.REVISED)
    await store.save([late, bar("NSE:INFY", time=MIDNIGHT)])
    second = await archive.archive(DAY)
    assert second.rows["price_history_intraday"] == 2
    assert second.manifest.rows["price_history_intraday"] == len(before["price_history_intraday"]) + 1
    await store.archive.drop(DAY, second.rows)
    await archive.restore(DAY)
    [kept] = await store.candles("NSE:TCS", "1m", MIDNIGHT, MIDNIGHT + MINUTE_NS)
    assert kept == late
    assert (await rows(database_url))["candle_revisions"] == before["candle_revisions"]


async def test_a_lower_revision_never_takes_the_place_of_an_archived_one(
    store: DurableStore, archive: DayArchive
) -> None:
    healed = bar("NSE:TCS", time=MIDNIGHT, close=2456.0, revision=3, state=CandleState.REVISED)
    await store.save([healed])
    await store.archive.drop(DAY, (await archive.archive(DAY)).rows)
    await store.save([bar("NSE:TCS", time=MIDNIGHT, close=2400.0)])  # as a backfill of an archived day writes it
    await store.archive.drop(DAY, (await archive.archive(DAY)).rows)
    await archive.restore(DAY)
    assert await store.candles("NSE:TCS", "1m", MIDNIGHT, MIDNIGHT + MINUTE_NS) == [healed]


async def test_all_of_it_is_on_the_disk_before_anybody_drops_a_row(
    archive: DayArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []

    def fsync(file: int) -> None:
        synced.append(os.fstat(file).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    manifest = (await archive.archive(DAY)).manifest
    place = tmp_path / "2026-11-20"
    last = synced.index((place / "manifest.json").stat().st_ino)
    before, after = synced[:last], synced[last:]
    assert {(place / one.file).stat().st_ino for one in manifest.files} <= set(before)
    assert {place.stat().st_ino, tmp_path.stat().st_ino} <= set(before)
    assert place.stat().st_ino in after


async def test_only_what_is_archived_is_dropped_all_or_nothing(
    store: DurableStore, archive: DayArchive, database_url: str
) -> None:
    before, next_day = await rows(database_url), await rows(database_url, DAY + timedelta(days=1))
    archived = await archive.archive(DAY)
    await store.save([bar("NSE:INFY", time=MIDNIGHT + 5 * MINUTE_NS)])
    with pytest.raises(DurableStoreError, match=r"others than were archived"):
        await store.archive.drop(DAY, archived.rows)
    assert len((await rows(database_url))["candle_revisions"]) == 2
    archived = await archive.archive(DAY)
    assert await store.archive.oldest_day() == DAY
    dropped = await store.archive.drop(DAY, archived.rows)
    assert dropped == sum(count for name, count in archived.rows.items() if name in DROPPED)
    after = await rows(database_url)
    assert {name for name, held in after.items() if held} == {"price_history_daily", "market_statistics"}
    assert after["price_history_daily"] == before["price_history_daily"]
    assert await rows(database_url, DAY + timedelta(days=1)) == next_day
    assert await store.archive.oldest_day() == DAY + timedelta(days=1)
    await store.archive.vacuum("price_history_intraday")


async def test_the_oldest_day_is_found_without_reading_a_table(
    store: DurableStore, archive: DayArchive, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(MANY_MINUTES)
        plan = await connection.fetch(f"EXPLAIN {first_moment(TABLES[0])}")
    finally:
        await connection.close()
    lines = [line["QUERY PLAN"] for line in plan]
    assert not [line for line in lines if "Seq Scan" in line or "Sort" in line]
    assert len([line for line in lines if "Index Only Scan" in line]) == 2
    assert await store.archive.oldest_day() == date(2026, 10, 22)
