"""Reading candles of both stores as one list."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta

import msgspec
import pytest

from engine.market import Calendars, derive
from engine.market.candle import CandleState
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import StorageUnavailableError
from engine.storage.history import CandleRange, CandleReader, newest
from engine.storage.hot import HotStore
from tests.storage.conftest import Opener
from tests.storage.durable.seeds import seeded
from tests.storage.proxy import Proxy
from tests.storage.samples import MINUTE_NS, NOW, bar, bars, report, revised

pytestmark = pytest.mark.anyio

CALENDARS = Calendars(lambda code: {}, continuous={"NSE": "Asia/Kolkata"})
CALENDAR = CALENDARS.of("NSE:RELIANCE")
FORMING = bar(minutes_ago=0, state=CandleState.FORMING)
TODAY = CALENDAR.session_date(NOW)


class Stores:
    """Both stores, each behind a proxy that can fall silent."""

    def __init__(self, hot: HotStore, durable: DurableStore, redis: Proxy, postgres: Proxy) -> None:
        self.hot, self.durable, self.redis, self.postgres = hot, durable, redis, postgres
        self.reader = CandleReader(hot, durable, CALENDARS)


@pytest.fixture
async def stores(redis_url: str, database_url: str, opened: Opener) -> AsyncGenerator[Stores]:
    async with Proxy.before(redis_url) as redis, Proxy.before(database_url) as postgres:
        hot: HotStore = await opened(HotStore, redis.url, answer_timeout_s=1.0)
        durable: DurableStore = await opened(DurableStore, postgres.url, answer_timeout_s=1.0)
        await seeded(durable)
        yield Stores(hot, durable, redis, postgres)


async def test_saved_hot_and_forming_candles_are_one_list(stores: Stores) -> None:
    candles = bars(30)
    await stores.durable.save(candles[:20])
    await stores.hot.write_candles(candles[15:])
    await stores.hot.write_live([report(forming=(FORMING,))])

    read = stores.reader.rows

    assert await read("NSE:RELIANCE", "1m", 0, NOW + MINUTE_NS) == CandleRange([*candles, FORMING])
    assert await read("NSE:RELIANCE", "1m", candles[3].time, NOW) == CandleRange(candles[3:])
    assert await read("NSE:NOPE", "1m", 0, NOW) == CandleRange([])


async def test_the_close_of_the_trading_day_before_is_known_or_left_out(stores: Stores) -> None:
    name, days = "NSE:RELIANCE", [TODAY - timedelta(days=back) for back in (5, 4, 2, 0)]
    bar_of = {day: msgspec.structs.replace(bar(), timeframe="1d", close=float(day.day)) for day in days}
    await stores.durable.save([], [DailyCandle(day, bar_of[day]) for day in days])

    known = await stores.reader.previous_closes(name, days[0], TODAY)

    assert known == {day + timedelta(days=1): float(day.day) for day in days[:-1]}, "a hole is not bridged"
    assert await stores.reader.previous_closes("NSE:NOPE", days[0], TODAY) == {}


async def test_the_newest_revision_wins_wherever_it_is(stores: Stores) -> None:
    oldest, middle, last = bars(3)
    await stores.durable.save([revised(oldest, 2), middle, last])
    await stores.hot.write_candles([revised(oldest, 1), revised(middle, 1), last])

    found = await stores.reader.rows("NSE:RELIANCE", "1m", 0, NOW)

    assert found.candles == [revised(oldest, 2), revised(middle, 1), last]


async def test_a_candle_that_closed_is_not_hidden_by_its_forming_one(stores: Stores) -> None:
    closed = msgspec.structs.replace(FORMING, state=CandleState.FINAL, close=7.0)
    await stores.hot.write_live([report(forming=(FORMING,))])
    await stores.hot.write_candles([closed])
    assert (await stores.reader.rows("NSE:RELIANCE", "1m", 0, NOW + 1)).candles == [closed]


@pytest.mark.parametrize("timeframe", ["5m", "1h", "1d"])
async def test_a_longer_candle_grows_with_its_minutes_also_when_nobody_watches(stores: Stores, timeframe: str) -> None:
    minutes = [*bars(200), FORMING]
    await stores.hot.write_candles(minutes[:-1])
    await stores.hot.write_live([report(forming=(FORMING,))])
    expected = derive(minutes, timeframe, CALENDAR)[-1]

    found = await stores.reader.rows("NSE:RELIANCE", timeframe, 0, NOW + 1)

    assert expected.state is CandleState.FORMING
    assert found.candles == [expected]


async def test_a_watched_longer_candle_is_taken_as_it_is_kept(stores: Stores) -> None:
    bucket = CALENDAR.bucket("5m", NOW)
    assert bucket is not None
    kept = bar(timeframe="5m", time=bucket.start_ns, state=CandleState.FORMING, volume=777)
    await stores.hot.write_live([report(forming=(FORMING, kept))])
    assert (await stores.reader.rows("NSE:RELIANCE", "5m", 0, NOW + 1)).candles == [kept]


async def test_with_one_store_away_the_other_answers_and_the_lack_is_said(stores: Stores) -> None:
    candles = bars(30)
    await stores.durable.save(candles[:20])
    await stores.hot.write_candles(candles[15:])

    stores.postgres.fall_silent()
    assert await stores.reader.rows("NSE:RELIANCE", "1m", 0, NOW) == CandleRange(candles[15:], ("postgresql",))
    assert (await stores.reader.days("NSE:RELIANCE", TODAY, TODAY)).missing == ("postgresql",)
    stores.postgres.speak()
    stores.redis.fall_silent()
    partly = await stores.reader.rows("NSE:RELIANCE", "1m", 0, NOW)
    assert partly == CandleRange(candles[:20], ("redis",))
    assert partly.degraded
    stores.postgres.fall_silent()
    with pytest.raises(StorageUnavailableError):
        await stores.reader.rows("NSE:RELIANCE", "1m", 0, NOW)


async def test_days_are_joined_by_their_date(stores: Stores) -> None:
    days = [TODAY - timedelta(ago) for ago in (3, 2, 1)]
    candles = [bar(timeframe="1d", time=CALENDAR.sessions(day, day)[0].start_ns) for day in days]
    saved = [DailyCandle(day, candle, previous_close=9.5) for day, candle in zip(days, candles, strict=True)]
    await stores.durable.save([], saved)
    await stores.hot.write_candles([revised(candles[2], 1, close=8.0)])
    await stores.hot.write_live([report(forming=(FORMING,))])

    found = await stores.reader.days("NSE:RELIANCE", days[0], TODAY)

    today = derive([FORMING], "1d", CALENDAR)[0]
    last = DailyCandle(days[2], revised(candles[2], 1, close=8.0), previous_close=9.5)
    assert found.days == [*saved[:2], last, DailyCandle(TODAY, today)]
    assert (await stores.reader.days("NSE:RELIANCE", days[1], days[1])).days == [saved[1]]
    assert (await stores.reader.days("NSE:RELIANCE", date(2026, 2, 2), date(2026, 2, 1))).days == []


def test_of_equals_the_later_one_is_taken() -> None:
    assert newest([bar(close=1.0), bar(close=2.0)]) == [bar(close=2.0)]
    assert newest([bar(close=1.0), bar(close=2.0, state=CandleState.FORMING)]) == [bar(close=1.0)]
