"""The days of ticks: made ahead, indexed when they are over, told apart by what they hold, and dropped only as that."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, timedelta

import asyncpg
import pytest

from engine.storage.durable import DurableStore
from engine.storage.durable.tick_days import HeldTicks
from tests.storage.durable.seeds import seeded, without_tick_days
from tests.storage.durable.test_ticks import EVER, MORNING_US, kept, ticks

pytestmark = pytest.mark.anyio

DAY_US = 86_400_000_000
DAY = date(2026, 11, 19)
NEXT = DAY + timedelta(days=1)
NOBODY = HeldTicks()


@pytest.fixture
async def store(database_url: str) -> AsyncGenerator[DurableStore]:
    """Knows some instruments, and no day of ticks."""
    durable = await DurableStore.connect(database_url)
    await seeded(durable)
    await without_tick_days(durable)
    yield durable
    await durable.close()


async def held(store: DurableStore) -> HeldTicks:
    return await store.tick_days.held(*EVER)


async def test_a_day_is_made_before_its_first_tick(store: DurableStore) -> None:
    for day in (NEXT, DAY, DAY):
        await store.tick_days.make(day)
    assert await store.tick_days.days() == [DAY, NEXT]
    assert await store.ticks.save(ticks(3)) == 3
    assert await store.tick_days.days() == [DAY, NEXT]


async def test_on_days_that_are_over_one_is_found_without_passing_over_the_others(store: DurableStore) -> None:
    busy = [tick for day in range(2) for tick in ticks(20_000, since_us=MORNING_US + day * DAY_US)]
    quiet = ticks(1, "INFY", MORNING_US + DAY_US // 2)
    await store.ticks.save([*busy, *quiet])
    assert await store.tick_days.index_before(NEXT) == [DAY]
    assert await store.tick_days.index_before(NEXT) == []
    await store._link.statement("ANALYZE ticks", 60)
    identity = await store._link.value("SELECT id FROM instruments WHERE symbol = 'INFY'")
    plan = await store._link.rows(
        f"EXPLAIN SELECT * FROM ticks WHERE instrument_id = {identity} AND received_at < '2026-11-20' ORDER BY received_at LIMIT 9"
    )
    assert "ticks_20261119_by_instrument" in "".join(line[0] for line in plan)
    assert await store.ticks.read("NSE:INFY", *EVER, limit=10) == quiet


async def test_who_asks_for_what_was_never_kept_passes_over_nobodys_ticks(
    store: DurableStore, database_url: str
) -> None:
    """As those who lock the day would hold up whoever so much as looks at it."""
    await store.ticks.save([*ticks(3), *ticks(2, "INFY", MORNING_US + DAY_US)])
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction(), asyncio.timeout(10):
            await other.execute("LOCK TABLE ONLY ticks_20261119 IN ACCESS EXCLUSIVE MODE")
            assert await store.ticks.read("NSE:RELIANCE", *EVER, limit=10) == []
            assert len(await store.ticks.read("NSE:INFY", *EVER, limit=10)) == 2
    finally:
        await other.close()
    assert len(await store.ticks.read("NSE:TCS", *EVER, limit=10)) == 3


async def test_ticks_of_an_older_engine_that_notes_nothing_are_found(store: DurableStore) -> None:
    """It made one day itself, and saved into another that a newer one had made, which is known when that is over."""
    await store.ticks.save([*ticks(3), *ticks(2, "INFY"), *ticks(2, "INFY", MORNING_US + DAY_US)])
    await store._link.value(
        "DELETE FROM tick_instruments WHERE instrument_id IN (SELECT id FROM instruments WHERE symbol = 'INFY')"
    )
    await store._link.value("DELETE FROM tick_days_noted WHERE day = $1", NEXT)
    assert await store.ticks.read("NSE:INFY", *EVER, limit=10) == ticks(2, "INFY", MORNING_US + DAY_US)
    assert await store.tick_days.index_before(NEXT) == [DAY]
    assert len(await store.ticks.read("NSE:INFY", *EVER, limit=10)) == 4


async def test_days_are_read_one_after_the_other_until_there_are_enough(store: DurableStore) -> None:
    told = [tick for day in (0, 1, 3) for tick in ticks(3, since_us=MORNING_US + day * DAY_US)]
    await store.ticks.save(told)
    for limit in range(1, 10):
        assert await store.ticks.read("NSE:TCS", *EVER, limit=limit) == told[:limit]
        assert await store.ticks.read("NSE:TCS", *EVER, limit=limit, newest_first=True) == told[::-1][:limit]
    assert await store.ticks.read("NSE:TCS", told[1].received_us, told[7].received_us, limit=9) == told[1:7]


async def test_portions_are_of_so_many_ticks_and_those_of_one_moment_stay_together(store: DurableStore) -> None:
    await store.ticks.save([*ticks(10), *ticks(1, "INFY", MORNING_US + 4)])
    assert await store.tick_days.border(*EVER, 4) == MORNING_US + 4
    assert await store.tick_days.border(MORNING_US + 4, EVER[1], 4) == MORNING_US + 7
    assert await store.tick_days.border(MORNING_US + 7, EVER[1], 4) == EVER[1]


async def test_what_is_held_is_known_by_its_rows_and_by_nothing_else(store: DurableStore) -> None:
    assert await held(store) == NOBODY
    await store.ticks.save(ticks(3))
    three = await held(store)
    await store.ticks.save([kept("TCS", MORNING_US + 3)])
    parts = [await store.tick_days.held(MORNING_US + first, MORNING_US + first + 2) for first in (0, 2)]
    assert parts[0].joined(parts[1]) == await held(store) != three
    assert await store.tick_days.drop(DAY, await held(store))
    await store.ticks.save([*ticks(2), kept("INFY", MORNING_US + 2)])
    assert (await held(store)).rows == three.rows
    assert await held(store) != three, "as many, and others"


async def test_a_day_is_dropped_only_as_what_it_is_expected_to_hold(store: DurableStore) -> None:
    over_midnight = [tick for day in range(2) for tick in ticks(2, since_us=MORNING_US + day * DAY_US)]
    await store.ticks.save(over_midnight)
    before = await store.tick_days.held(MORNING_US, MORNING_US + 10)
    await store.ticks.save([kept("TCS", MORNING_US + 5)])
    assert not await store.tick_days.drop(DAY, before)
    assert len(await store.ticks.read("NSE:TCS", *EVER, limit=10)) == 5
    assert await store.tick_days.drop(DAY, await store.tick_days.held(MORNING_US, MORNING_US + 10))
    assert await store.ticks.read("NSE:TCS", *EVER, limit=10) == over_midnight[2:]
    assert await store.tick_days.drop(DAY, NOBODY)
    assert not await store.tick_days.drop(DAY, before)
    assert await store.ticks.save(over_midnight) == 2
