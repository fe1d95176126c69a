"""The upkeep: what is too old is archived before it is dropped, and what is not stays, however often it is done."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from actors.job_arguments import JobError
from actors.upkeep_work import UpkeepCraft, UpkeepWork
from engine.archive import DayArchive, tick_archive
from engine.market.kept_tick import KeptTick
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import ARCHIVED, DurableStore
from engine.storage.durable.archive_tables import TABLES
from tests.storage.durable.seeds import seeded, without_tick_days
from tests.storage.samples import MINUTE_NS, bar

TODAY = date(2026, 11, 20)
NOW_NS = int(datetime(2026, 11, 20, 5, tzinfo=UTC).timestamp()) * 1_000_000_000
DAY_NS = 1440 * MINUTE_NS


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[DurableStore]:
    """Three minutes on each of four days: 41, 40, 30 and 0 days ago."""
    async with open_bridge():
        durable = bridged(await bridged(DurableStore).connect(database_url))
        await seeded(durable)
        await without_tick_days(durable)
        ages = (41, 40, 30, 0)
        await durable.save(
            [bar(time=NOW_NS - ago * DAY_NS + number * MINUTE_NS) for ago in ages for number in range(3)]
        )
        yield durable
        await durable.close()


def work_of(
    store: DurableStore, folder: Path, keep_days: int, now_ns: int = NOW_NS, *, keep_ticks_days: int = 30
) -> UpkeepWork:
    archive = DayArchive(store, folder, now_ns=lambda: now_ns)
    craft = UpkeepCraft(store, archive, keep_days, keep_ticks_days)
    return craft.work(craft.complete({}, now_ns))


async def ages_of(store: DurableStore) -> list[int]:
    found = await store.candles("NSE:RELIANCE", "1m", 0, NOW_NS + DAY_NS)
    return sorted({(NOW_NS - candle.time + 5 * MINUTE_NS) // DAY_NS for candle in found}, reverse=True)


async def test_days_that_are_too_old_are_archived_and_dropped_one_a_step(store: DurableStore, tmp_path: Path) -> None:
    work = work_of(store, tmp_path, 35)
    said = [await work.step(number) for number in range(len(work))]
    assert said[:3] == [
        "2026-10-10: 3 rows archived and dropped",
        "2026-10-11: 3 rows archived and dropped",
        "2026-10-12: 0 rows archived and dropped",
    ]
    assert said[6] == "nothing before 2026-10-16 is held"
    assert said[-len(TABLES) - 2 :][:3] == [
        "no ticks before 2026-10-21 are held",
        "ticks of 0 days indexed",
        "price_history_intraday vacuumed",
    ]
    assert await ages_of(store) == [30, 0]
    border_ns = int(datetime(2026, 10, 12, tzinfo=UTC).timestamp()) * 1_000_000_000
    assert await store.checkpoint(ARCHIVED) == border_ns, "of the days after it none was ever held"
    again = work_of(store, tmp_path, 35)
    assert await again.step(0) == "nothing before 2026-10-16 is held"
    archive = DayArchive(store, tmp_path, now_ns=lambda: NOW_NS)
    assert sum([await archive.restore(day) for day in archive.days(date.min, date.max)]) == 6
    assert await ages_of(store) == [41, 40, 30, 0]


async def test_where_nothing_old_was_ever_held_nothing_is_told_to_be_archived(
    store: DurableStore, tmp_path: Path
) -> None:
    work = work_of(store, tmp_path, 45)
    assert await work.step(0) == "nothing before 2026-10-06 is held"
    assert await store.checkpoint(ARCHIVED) == 0


def ticks(count: int, ago: int) -> list[KeptTick]:
    first_us = NOW_NS // 1_000 - ago * DAY_NS // 1_000
    return [
        KeptTick("NSE:RELIANCE", first_us + number, first_us, 0.1 + 0.2, 1, 1, None, None, None, None, "dhan")
        for number in range(count)
    ]


async def ticks_of(store: DurableStore) -> list[KeptTick]:
    return await store.ticks.read("NSE:RELIANCE", 0, 2**51, limit=1_000)


async def test_ticks_that_are_too_old_are_archived_in_portions_before_they_are_dropped(
    store: DurableStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_archive, "PORTION", 4)
    old, older, young = ticks(6, ago=31), ticks(3, ago=32), ticks(2, ago=30)
    await store.ticks.save([*old, *older, *young])
    work = work_of(store, tmp_path, 0)
    assert [await work.step(number) for number in range(6)] == [
        "2026-10-19: 3 ticks archived",
        "2026-10-19: 3 ticks dropped",
        "2026-10-20: 4 ticks archived",
        "2026-10-20: 2 ticks archived",
        "2026-10-20: 6 ticks dropped",
        "no ticks before 2026-10-21 are held",
    ]
    assert await ticks_of(store) == young
    archive = DayArchive(store, tmp_path, now_ns=lambda: NOW_NS)
    days = archive.days(date.min, date.max)
    assert sum([await archive.restore(day) for day in days]) == 9
    assert await ticks_of(store) == [*older, *old, *young]
    assert await work_of(store, tmp_path, 0).step(0) == "no ticks before 2026-10-21 are held", "for a week"
    later = work_of(store, tmp_path, 0, NOW_NS + 7 * DAY_NS)
    assert [await later.step(number) for number in range(2)] == [
        "2026-10-19: 3 ticks archived",
        "2026-10-19: 3 ticks dropped",
    ]


async def test_ticks_that_came_after_the_archiving_are_archived_too_before_the_day_is_dropped(
    store: DurableStore, tmp_path: Path
) -> None:
    await store.ticks.save(ticks(3, ago=31))
    work = work_of(store, tmp_path, 0)
    assert await work.step(0) == "2026-10-20: 3 ticks archived"
    await store.ticks.save(ticks(5, ago=31))
    assert [await work.step(number) for number in range(1, 4)] == [
        "2026-10-20: other ticks are held than were archived; they are compared again",
        "2026-10-20: 5 ticks archived",
        "2026-10-20: 5 ticks dropped",
    ]


async def test_days_of_ticks_are_made_ahead_and_indexed_when_they_are_over(store: DurableStore, tmp_path: Path) -> None:
    await store.ticks.save(ticks(1, ago=1))
    assert await work_of(store, tmp_path, 0, keep_ticks_days=0).step(0) == "ticks of 1 days indexed"
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    assert await store.tick_days.days() == [yesterday, TODAY, tomorrow]
    assert await store.tick_days.index_before(tomorrow) == [TODAY], "only today's had none"


async def test_what_was_restored_is_left_alone_for_a_week(store: DurableStore, tmp_path: Path) -> None:
    archive = DayArchive(store, tmp_path, now_ns=lambda: NOW_NS)
    await archive.archive(date(2026, 10, 10))
    await archive.restore(date(2026, 10, 10))
    work = work_of(store, tmp_path, 35)
    assert [await work.step(number) for number in range(2)] == [
        "2026-10-10: restored within 7 days, and kept",
        "2026-10-11: 3 rows archived and dropped",
    ]
    assert await ages_of(store) == [41, 30, 0]
    later = work_of(store, tmp_path, 35, NOW_NS + 7 * DAY_NS)
    assert await later.step(0) == "2026-10-10: 3 rows archived and dropped"


async def test_a_step_that_is_repeated_after_a_kill_loses_nothing(store: DurableStore, tmp_path: Path) -> None:
    archive = DayArchive(store, tmp_path, now_ns=lambda: NOW_NS)
    await archive.archive(date(2026, 10, 10))  # and then it was killed, before the drop
    assert await work_of(store, tmp_path, 35).step(0) == "2026-10-10: 3 rows archived and dropped"
    assert archive.manifest(date(2026, 10, 10)).rows == {"price_history_intraday": 3}


async def test_without_a_limit_everything_stays(store: DurableStore, tmp_path: Path) -> None:
    work = work_of(store, tmp_path, 0)
    for number in range(len(work)):
        await work.step(number)
    assert await ages_of(store) == [41, 40, 30, 0]
    assert list(tmp_path.iterdir()) == []


def test_nobody_can_say_what_day_it_is(tmp_path: Path) -> None:
    nobody = None
    craft = UpkeepCraft(nobody, nobody, 35, 30)  # pyright: ignore[reportArgumentType]
    assert craft.complete({}, NOW_NS) == {"date": "2026-11-20"}
    with pytest.raises(JobError, match="takes no arguments"):
        craft.complete({"date": "2036-01-01"}, NOW_NS)
