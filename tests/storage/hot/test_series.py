"""What differs between the two ways of keeping closed candles."""

import time

import pytest

from engine.storage.hot import HotStore
from engine.storage.hot.hashes import HashCandles
from engine.storage.hot.link import RedisLink
from engine.storage.hot.timeseries import TimeSeriesCandles
from tests.storage.conftest import Opener
from tests.storage.samples import MINUTE_NS, NOW, bar, bars

pytestmark = pytest.mark.anyio
DAY_S = 86_400


async def test_a_server_with_other_modules_only_gets_hashes(redis_url: str, opened: Opener) -> None:
    store = await opened(HotStore, redis_url)
    assert b"lua" in str(await store._link.call("MODULE", "LIST")).encode()
    assert isinstance(store.series, HashCandles)


@pytest.mark.timeseries
async def test_a_server_with_the_module_gets_series(timeseries_url: str, opened: Opener) -> None:
    store = await opened(HotStore, timeseries_url)
    assert isinstance(store.series, TimeSeriesCandles)


@pytest.mark.timeseries
async def test_the_module_is_also_found_where_listing_is_forbidden(timeseries_url: str, opened: Opener) -> None:
    link: RedisLink = await opened(RedisLink, timeseries_url)
    await link.call("ACL", "SETUSER", "tenant", "on", ">word", "~*", "&*", "+@all", "-module")

    store = await opened(HotStore, timeseries_url.replace("redis://", "redis://tenant:word@"))

    assert isinstance(store.series, TimeSeriesCandles)
    await store._link.call("ACL", "DELUSER", "tenant")


@pytest.mark.timeseries
async def test_the_series_are_labelled_and_keep_the_retention(timeseries_url: str, opened: Opener) -> None:
    store = await opened(HotStore, timeseries_url, retention_days=3)
    await store.write_candles([bar(open_interest=9)])

    for suffix, field in {"": b"close", ":open": b"open", ":volume": b"volume", ":oi": b"oi"}.items():
        answer = await store._link.call("TS.INFO", f"realtime:NSE:RELIANCE:1m{suffix}")
        information = dict(zip(answer[::2], answer[1::2], strict=True))
        assert information[b"retentionTime"] == 3 * DAY_S * 1000
        assert information[b"duplicatePolicy"] == b"last"
        labels = [[b"symbol", b"NSE:RELIANCE"], [b"exchange", b"NSE"], [b"tf", b"1m"], [b"field", field]]
        assert information[b"labels"] == labels


@pytest.mark.timeseries
async def test_a_heal_older_than_the_retention_is_not_hot_and_no_error(timeseries_url: str, opened: Opener) -> None:
    store = await opened(HotStore, timeseries_url, retention_days=1)
    young, old = bar(), bar(minutes_ago=3 * 1440)

    await store.write_candles([young])
    await store.write_candles([old])

    assert await store.candles("NSE:RELIANCE", "1m", 0, NOW) == [young]


@pytest.mark.timeseries
async def test_hashes_of_a_time_without_the_module_make_way(timeseries_url: str, opened: Opener) -> None:
    link = await opened(RedisLink, timeseries_url)
    await HashCandles(link, 7 * DAY_S).write(bars(2))
    series = TimeSeriesCandles(link, 7 * DAY_S)

    await series.write(bars(3))

    assert await series.read(["NSE:RELIANCE"], "1m", 0, NOW) == {"NSE:RELIANCE": bars(3)}


async def test_a_hash_forgets_what_is_older_than_the_retention(redis_url: str, opened: Opener) -> None:
    link = await opened(RedisLink, redis_url)
    series = HashCandles(link, retention_s=2 * DAY_S)
    day = 1440

    await series.write([bar(minutes_ago=ago) for ago in range(4 * day, 0, -1)])

    kept = await link.call("HKEYS", "realtime:NSE:RELIANCE:1m")
    assert 2 * day - 1 <= len(kept) <= 2 * day + 256
    assert min(map(int, kept)) >= time.time() - 2 * DAY_S - 257 * 60
    assert 2 * DAY_S - 5 <= await link.call("TTL", "realtime:NSE:RELIANCE:1m") <= 2 * DAY_S
    assert len((await series.read(["NSE:RELIANCE"], "1m", NOW - 100 * MINUTE_NS, NOW))["NSE:RELIANCE"]) == 100
