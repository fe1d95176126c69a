"""Continuous futures over REST: bars, days and charts of one name, joined of its contracts; prices of the one in front."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime

import msgspec
import pytest

from engine.market import Candle, Instrument
from engine.market.instrument import InstrumentKind
from engine.storage.durable import DailyCandle, DurableStore, ProviderMapping
from engine.storage.hot import HotStore, InstrumentReport
from tests.web.conftest import running_web
from tests.web.engine import MINUTE, candle
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

OLD, NEW, FAR = "IDX18NOV26FUT", "IDX29DEC26FUT", "SOLE31DEC99FUT"
ROLL = int(datetime(2026, 11, 18, 18, 30, tzinfo=UTC).timestamp()) * 1_000_000_000
"""Midnight in India: the exchange never closes, and OLD is in front until the end of the day it expires."""
RANGE = {"start": "2026-11-18T18:28:00Z", "end": "2026-11-18T18:31:00Z", "timeframe": "1m"}


def future(symbol: str, expiry: date) -> Instrument:
    return Instrument(0, "NSE", symbol, symbol, InstrumentKind.FUTURE, 0.05, expiry=expiry, underlying=symbol[:-10])


def minute(symbol: str, number: int, close: float) -> Candle:
    return msgspec.structs.replace(candle(0, close, symbol=symbol), time=ROLL + number * MINUTE)


def day(symbol: str, on: date, close: float, volume: int) -> DailyCandle:
    opens = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() - 19_800) * 1_000_000_000
    bar = msgspec.structs.replace(candle(0, close, symbol=symbol), timeframe="1d", time=opens, volume=volume)
    return DailyCandle(on, bar)


@pytest.fixture
async def chain(durable: DurableStore) -> DurableStore:
    """Two contracts, which both trade around the roll, and one that is alone."""
    contracts = [future(OLD, date(2026, 11, 18)), future(NEW, date(2026, 12, 29)), future(FAR, date(2099, 12, 31))]
    await durable.seed([], contracts, [ProviderMapping("simulator", f"NSE:{FAR}", "NSE_FNO", "99", date(2024, 1, 1))])
    await durable.save([minute(OLD, number, 100.0 + number) for number in range(-2, 2)])
    await durable.save([minute(NEW, number, 200.0 + number) for number in range(-2, 2)])
    return durable


@pytest.fixture
async def web(hot: HotStore, chain: DurableStore) -> AsyncGenerator[Web]:
    async with running_web(hot, chain, roll_days_before=0) as process:
        yield process


async def closes(web: Web, symbol: str, **arguments: str) -> list[float]:
    response = await web.get("/api/v1/bars", symbols=symbol, **(RANGE | arguments))
    assert response.status_code == 200, response.text
    return [bar["c"] for bar in response.json()["bars"][symbol]]


async def test_bars_go_over_from_one_contract_to_the_next_at_the_prices_they_traded_at(web: Web) -> None:
    assert await closes(web, "NSE:IDX1!") == [98.0, 99.0, 200.0, 201.0]
    assert await closes(web, "idx1!", sort="desc") == [201.0, 200.0, 99.0, 98.0]
    assert await closes(web, "NSE:IDX2!") == [198.0, 199.0, 200.0, 201.0], "the last one has no contract after it"


async def test_what_is_missing_is_missing_in_the_contract_that_was_in_front(web: Web, chain: DurableStore) -> None:
    await chain.save([minute(NEW, 3, 203.0), minute(OLD, 2, 102.0)])
    response = await web.get("/api/v1/bars", symbols="NSE:IDX1!", **(RANGE | {"end": "2026-11-18T18:33:00Z"}))
    assert [gap["start"] * 1_000_000 for gap in response.json()["gaps"]] == [ROLL + 2 * MINUTE]


async def test_days_charts_and_the_datafeed_know_them_too(web: Web, chain: DurableStore) -> None:
    days = [
        day(OLD, date(2026, 11, 18), 50.0, 10),
        day(NEW, date(2026, 11, 18), 60.0, 5),
        day(NEW, date(2026, 11, 19), 61.0, 5),
    ]
    await chain.save([], days)
    wanted = {"symbol": "NSE:IDX1!", "start_date": "2026-11-18", "end_date": "2026-11-19"}
    rows = (await web.get("/marketdata/daily", **wanted)).json()["items"]
    assert [(row["close"], row["previous_close"]) for row in rows] == [(50.0, None), (61.0, 50.0)]
    intraday = await web.get("/marketdata/intraday", timeframe="1m", **wanted)
    assert [row["close"] for row in intraday.json()["items"]] == [98.0, 99.0, 200.0, 201.0]
    chart = (await web.get("/api/v1/chart/NSE:IDX1!", timeframe="1d", range="1y")).json()
    assert (chart["symbol"], chart["degraded"]) == ("NSE:IDX1!", "")


async def test_by_volume_the_next_contract_is_in_front_on_the_day_after_it_traded_more(
    hot: HotStore, chain: DurableStore
) -> None:
    await chain.save([], [day(OLD, date(2026, 11, 16), 50.0, 10), day(NEW, date(2026, 11, 16), 60.0, 11)])
    async with running_web(hot, chain, roll_by="volume") as web:
        assert await closes(web, "NSE:IDX1!") == [198.0, 199.0, 200.0, 201.0]


async def test_its_price_is_that_of_the_contract_in_front(web: Web, hot: HotStore) -> None:
    await hot.write_live([InstrumentReport(f"NSE:{FAR}", "NSE_FNO:99", 7.5, {"ltp": 7.5}, {})])
    answered = (await web.get("/api/v1/current_prices", keys="NSE:SOLE1!")).json()
    assert answered["prices"] == {"NSE:SOLE1!": 7.5}


async def test_a_view_has_no_record_of_its_own(web: Web) -> None:
    for path, more in (("/api/v1/completeness", {}), ("/api/v1/bars", {"as_of": "2026-11-19"})):
        body = await problem(await web.get(path, symbols="NSE:IDX1!", **more), 400)
        assert body["detail"].startswith("NSE:IDX1! is a view of several contracts")
    await problem(await web.get("/api/v1/bars", symbols="NSE:IDX4!", **RANGE), 404)
