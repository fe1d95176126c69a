"""Statistics in their table, the columns they are made of, and what the exchange reports of a day."""

from datetime import date, timedelta

import msgspec
import pytest

from engine.market.candle import CandleState
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.market.delivery import Reported
from engine.market.statistics import Days, DayStatistics, Minutes, day_statistics
from engine.storage.durable import DailyCandle, DurableStore, statistics
from engine.storage.durable.statistics import DayTold
from tests.storage.conftest import Opener
from tests.storage.durable.seeds import seeded
from tests.storage.samples import MINUTE_NS, NOW, bar, bars

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 20)
NAMES = ["NSE:INFY", "NSE:RELIANCE", "NSE:TCS"]


@pytest.fixture
async def store(database_url: str, opened: Opener) -> DurableStore:
    durable: DurableStore = await opened(DurableStore, database_url)
    await seeded(durable)
    return durable


def day(ago: int, close: float, **changes: object) -> DailyCandle:
    candle = msgspec.structs.replace(bar(), timeframe="1d", time=NOW - ago * 1440 * MINUTE_NS, close=close)
    candle = msgspec.structs.replace(candle, high=max(candle.high, close), low=min(candle.low, close))
    return DailyCandle(DAY - timedelta(days=ago), msgspec.structs.replace(candle, **changes))


async def test_days_come_as_columns_without_what_forms_or_lacks_a_price(store: DurableStore) -> None:
    kept = [day(3, 2400.0), day(2, 2410.0), day(1, float("nan")), day(0, 2420.0, state=CandleState.FORMING)]
    await store.save([], kept)
    found = await store.statistics.days(NAMES, DAY - timedelta(days=9), DAY)
    assert found.keys() == {"NSE:RELIANCE"}
    columns = found["NSE:RELIANCE"]
    assert (columns.dates, columns.closes) == ([kept[0].date, kept[1].date], [2400.0, 2410.0])
    assert len(columns.highs) == len(columns.volumes) == len(columns.open_interest) == 2


async def test_minutes_come_as_columns_and_tell_when_they_count_ticks(store: DurableStore) -> None:
    minutes = bars(5)
    await store.save(minutes)
    span = minutes[1].time, minutes[4].time
    found = (await store.statistics.minutes(NAMES, *span))["NSE:RELIANCE"]
    assert found.closes == [minute.close for minute in minutes[1:4]]
    assert found.volumes == [minute.volume for minute in minutes[1:4]]
    assert not found.ticks
    counted = msgspec.structs.replace(minutes[2], source="dhan/ticks", revision=1, state=CandleState.REVISED)
    await store.save([counted])
    assert (await store.statistics.minutes(NAMES, *span))["NSE:RELIANCE"].ticks


async def test_statistics_are_read_as_they_were_kept_and_the_newer_of_a_day_stay(store: DurableStore) -> None:
    columns = Days([DAY - timedelta(days=1), DAY], [11.0, 12.0], [9.0, 10.0], [10.0, 11.0], [100, 200], [None, 7])
    minutes = Minutes([12.0, 11.5], [10.0, 11.0], [11.0, 11.2], [150, 50])
    first = day_statistics("NSE:TCS", columns, minutes, 375)
    unknown = DayStatistics(instrument="NSE:NOBODY", date=DAY, close=1.0, volume=1)
    await store.statistics.save([first, unknown])
    assert await store.statistics.of_instrument("NSE:TCS", DAY, DAY, 10) == [first]
    assert (first.reasons["oi_change"], len(first.profile)) == ("none is held of the day before", 24)
    newer = msgspec.structs.replace(first, vwap=11.1)
    for _ in range(2):
        await store.statistics.save([newer])
    assert await store.statistics.of_instrument("NSE:TCS", DAY, DAY, 10) == [newer]


async def test_a_day_is_told_with_its_rows_high_and_low_and_listed_by_exchange_and_kind(store: DurableStore) -> None:
    columns = Days([DAY], [2450.0], [2350.0], [2420.0], [100], [None])
    await store.save([], [day(0, 2420.0)])
    worked_out = day_statistics("NSE:RELIANCE", columns, Minutes(), 375)
    await store.statistics.save([worked_out])
    [row] = await store.statistics.of_day("NSE", "equity", DAY)
    kept = day(0, 2420.0).candle
    assert (row.high, row.low, row.source) == (kept.high, kept.low, kept.source)
    assert (row.close, row.high_52w) == (worked_out.close, worked_out.high_52w)
    assert await store.statistics.of_day("NSE", "future", DAY) == []
    assert await store.statistics.days_told(DAY, DAY) == [DayTold(DAY, "NSE", "equity", 1)]
    assert await store.statistics.days_told(DAY - timedelta(days=9), DAY - timedelta(days=1)) == []


async def test_who_falls_by_half_is_doubtful_unless_a_split_of_that_day_is_known(store: DurableStore) -> None:
    await store.save([], [day(1, 2420.0), day(0, 1210.0)])
    fallen = DayStatistics(instrument="NSE:RELIANCE", date=DAY, close=1210.0, volume=1, return_1d=-50.0)
    await store.statistics.save([fallen])

    async def is_doubtful() -> bool:
        [row] = await store.statistics.of_day("NSE", "equity", DAY)
        return row.is_doubtful

    assert await is_doubtful()
    action = CorporateAction(
        instrument="NSE:RELIANCE", ex_date=DAY - timedelta(days=1), kind=ActionKind.SPLIT, ratio=2.0
    )
    await store.corporate_actions.save([action])
    assert await is_doubtful(), "that of the day before says nothing of this one"
    await store.corporate_actions.save([msgspec.structs.replace(action, ex_date=DAY, kind=ActionKind.BONUS)])
    assert not await is_doubtful()
    await store.statistics.save([msgspec.structs.replace(fallen, return_1d=-40.0)])
    [entry] = await store.corporate_actions.page(9, DAY, DAY)
    await store.corporate_actions.retire(entry.id)
    assert not await is_doubtful()


@pytest.mark.parametrize("portion", [1, 2, 3, 2_000])
async def test_a_day_that_is_read_by_portions_is_whole(
    store: DurableStore, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "PORTION", portion)
    for name in NAMES:
        told = day(0, 2420.0)
        await store.save(
            [], [msgspec.structs.replace(told, candle=msgspec.structs.replace(told.candle, instrument=name))]
        )
    await store.statistics.save([DayStatistics(instrument=name, date=DAY, close=1.0, volume=1) for name in NAMES])
    equities = [row.instrument for row in await store.statistics.of_day("NSE", "equity", DAY)]
    assert equities == sorted(NAMES)


async def test_what_the_exchange_reports_stands_beside_the_day_whatever_revision_it_has(store: DurableStore) -> None:
    await store.save([], [day(0, 2420.0)])
    told = [Reported("RELIANCE", 61.5, 2401.0), Reported("NOBODY", 10.0)]
    assert [await store.statistics.note_reported("NSE", DAY, told) for _ in range(2)] == [1, 1]
    await store.save([], [day(0, 2425.0, revision=1, state=CandleState.REVISED)])
    [kept] = await store.days("NSE:RELIANCE", DAY, DAY)
    assert (kept.candle.close, kept.delivery_percentage, kept.previous_close) == (2425.0, 61.5, 2401.0)
    await store.statistics.note_reported("NSE", DAY, [Reported("RELIANCE", None)])
    assert (await store.days("NSE:RELIANCE", DAY, DAY))[0].delivery_percentage == 61.5
