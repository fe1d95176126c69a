"""Corporate actions end to end: entered, listed, taken back; and bars and charts adjusted by them, raw as they were."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from engine.storage.durable import DailyCandle, DurableStore
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.entities.parts import listed, made, send
from tests.web.process import Web
from tests.web.test_chart import bar, chart
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

PATH = "/api/v1/corporate_actions/"
RANGE = {"symbols": "RELIANCE", "start": "2026-11-18T11:27:00Z", "end": "2026-11-18T11:33:00Z"}
SPLIT = {"symbol": "RELIANCE", "kind": "split", "ratio": 5}
AFTER = "2026-11-19"
"""The day after that of the candles."""


async def bars(web: Web, **arguments: Any) -> dict[str, Any]:
    response = await web.get("/api/v1/bars", **(RANGE | arguments))
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_administrator_enters_changes_and_takes_back(web: Web) -> None:
    entered = await made(web, PATH, **SPLIT, ex_date="2026-06-01")
    assert (entered["instrument"], entered["ratio"], entered["amount"], entered["source"]) == (
        "NSE:RELIANCE", 5.0, None, "admin"
    )  # fmt: skip
    again = await made(web, PATH, **(SPLIT | {"ratio": 10}), ex_date="2026-06-01")
    assert (again["id"], again["ratio"]) == (entered["id"], 10.0)
    dividend = await made(web, PATH, symbol="NSE:TCS", kind="dividend", amount=4.5, ex_date="2027-01-04")
    assert await listed(web, PATH, limit=1) == [dividend, again]
    assert await listed(web, PATH, symbol="RELIANCE") == [again]
    assert await listed(web, PATH, start="2026-06-02", end="2026-12-31") == []
    assert (await send(web, "DELETE", f"{PATH}{again['id']}")).json() == again | {"is_active": False}
    assert (await send(web, "GET", f"{PATH}{again['id']}")).status_code == 404
    assert await listed(web, PATH) == [dividend]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ratio": None}, "ratio"),
        ({"amount": 3}, "amount"),
        ({"kind": "dividend"}, "amount"),
        ({"kind": "dividend", "amount": 3}, "ratio"),
        ({"ratio": 0}, "ratio"),
        ({"kind": "merger"}, "kind"),
        ({"ex_date": "someday"}, "ex_date"),
        ({"ex_date": "2300-01-01"}, "ex_date"),
    ],
)
async def test_what_is_no_action_is_refused_with_the_part_that_is_wrong(
    web: Web, changes: dict[str, Any], named: str
) -> None:
    told = await problem(await send(web, "POST", PATH, SPLIT | {"ex_date": "2026-06-01"} | changes), 400)
    assert named in str(told["errors"])


async def test_a_file_is_taken_up_and_what_is_in_no_table_is_named(web: Web) -> None:
    text = "\ufeffsymbol,ex_date,kind,ratio,amount\r\nNSE:TCS,2026-06-01,bonus,1:1,\r\nNSE:NOBODY,2026-06-01,split,1:5,\r\n"
    told = await send(web, "POST", f"{PATH}file", {"text": text})
    assert told.json() == {"actions": 2, "saved": 1, "unknown": ["NSE:NOBODY"]}, told.text
    [bonus] = await listed(web, PATH)
    assert (bonus["instrument"], bonus["ratio"], bonus["source"]) == ("NSE:TCS", 2.0, "file")


async def test_of_a_file_with_a_bad_line_nothing_is_taken_up(web: Web) -> None:
    lines = ["symbol,ex_date,kind,ratio,amount", "NSE:TCS,2026-06-01,bonus,1:1,", "NSE:TCS,2026-06-01,merger,1,"]
    told = await problem(await send(web, "POST", f"{PATH}file", {"text": "\n".join(lines)}), 400)
    assert told["errors"] == ["line 3: kind: expected split, bonus, dividend, was 'merger'"]
    assert await listed(web, PATH) == []


async def test_bars_are_adjusted_as_a_view_and_raw_ones_stay(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(0, 1000.0), candle(1, 1010.0)])
    raw = (await bars(web))["bars"]["RELIANCE"]
    await made(web, PATH, **SPLIT, ex_date=AFTER)
    split = await bars(web, adjustment="split")
    assert [(bar["o"], bar["c"], bar["v"]) for bar in split["bars"]["RELIANCE"]] == [(200, 200, 50), (202, 202, 50)]
    assert (split["adjustment"], split["not_adjusted"]) == ("split", [])
    assert (await bars(web))["bars"]["RELIANCE"] == raw
    assert (await bars(web, adjustment="dividend"))["bars"]["RELIANCE"] == raw


async def test_as_of_a_day_before_it_an_action_had_not_happened(web: Web, durable: DurableStore) -> None:
    await durable.save([msgspec.structs.replace(candle(0, 1000.0), published_ns=NOON + MINUTE)])
    await made(web, PATH, **SPLIT, ex_date="2026-11-20")
    told = await bars(web, adjustment="all", as_of="2026-11-19")
    assert [bar["c"] for bar in told["bars"]["RELIANCE"]] == [1000.0]
    assert [bar["c"] for bar in (await bars(web, adjustment="all"))["bars"]["RELIANCE"]] == [200.0]


async def test_a_dividend_without_a_close_before_it_is_named_and_with_one_it_is_reckoned(
    web: Web, durable: DurableStore
) -> None:
    await durable.save([candle(0, 1000.0)])
    await made(web, PATH, symbol="RELIANCE", kind="dividend", amount=20, ex_date=AFTER)
    told = await bars(web, adjustment="all")
    assert [bar["c"] for bar in told["bars"]["RELIANCE"]] == [1000.0]
    assert [(row["symbol"], row["ex_date"], row["amount"]) for row in told["not_adjusted"]] == [
        ("RELIANCE", AFTER, 20.0)
    ]
    day = msgspec.structs.replace(candle(0, 1000.0), timeframe="1d")
    await durable.save([], [DailyCandle(date(2026, 11, 18), day)])
    told = await bars(web, adjustment="all")
    assert ([bar["c"] for bar in told["bars"]["RELIANCE"]], told["not_adjusted"]) == ([980.0], [])


async def test_the_newest_bars_of_a_chart_join_without_a_step(web: Web, durable: DurableStore) -> None:
    """From the ex-date on the share trades at a fifth, as the adjusted bars before it do."""
    await durable.save([bar(4_000, 1000.0)])
    await web.services.hot.write_candles([bar(2, 200.0)])
    ex_date = datetime.fromtimestamp(bar(2, 200.0).time // 10**9, ZoneInfo("Asia/Kolkata")).date()
    await made(web, PATH, **SPLIT, ex_date=ex_date.isoformat())
    assert [row["c"] for row in (await chart(web))["candles"]] == [1000.0, 200.0]
    adjusted = await chart(web, adjustment="split")
    assert [row["c"] for row in adjusted["candles"]] == [200.0, 200.0]
    assert (adjusted["adjustment"], adjusted["not_adjusted"]) == ("split", [])


async def test_reading_them_from_a_provider_is_a_job_of_the_engine(web: Web, engine: Engine) -> None:
    await engine.appear()
    answered = await send(web, "POST", f"{PATH}read", {"symbols": ["TCS", "RELIANCE"]})
    assert answered.status_code == 202, answered.text
    assert (engine.asked["command"], engine.asked["instruments"]) == ("corporate_actions", ["NSE:RELIANCE", "NSE:TCS"])


async def test_days_come_with_the_close_as_todays_shares_would_have_had_it(web: Web, durable: DurableStore) -> None:
    """What an end of day noted for an action that was taken back since is not told."""
    day = msgspec.structs.replace(candle(0, 1000.0), timeframe="1d")
    await durable.save([], [DailyCandle(date(2026, 11, 18), day, adj_close=40.0)])

    async def adjusted_close() -> float | None:
        told = await web.get("/marketdata/daily", symbol="RELIANCE", start_date="2026-11-18", end_date="2026-11-18")
        [row] = told.json()["items"]
        assert row["close"] == 1000.0
        return row["adj_close"]

    assert await adjusted_close() is None
    await made(web, PATH, **SPLIT, ex_date="2026-11-20")
    assert await adjusted_close() == 200.0
    await made(web, PATH, symbol="RELIANCE", kind="dividend", amount=20, ex_date=AFTER)
    assert await adjusted_close() == 196.0
    await made(web, PATH, symbol="RELIANCE", kind="dividend", amount=2_000, ex_date="2026-11-20")
    assert await adjusted_close() is None, "who knows a part of it does not know it"
