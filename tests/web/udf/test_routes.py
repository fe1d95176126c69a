"""``/udf`` end to end: what the charting library asks, in its order, and what it gets."""

from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from engine.market import CandleState, Verdict
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.hot import HotStore
from tests.web.accounts.test_auth import registered
from tests.web.conftest import running_web
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.process import BEARER, TOKEN, Web

pytestmark = pytest.mark.anyio

AT = NOON // 10**9
"""Noon in seconds; the simulated exchange never closes."""
DAY_S = 86_400
MIDNIGHT = 1_794_960_000
"""2026-11-18T00:00:00Z."""


async def asked(web: Web, path: str, **arguments: Any) -> Any:
    response = await web.get(f"/udf/{path}", **arguments)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(web: Web, path: str, status: int, **arguments: Any) -> str:
    response = await web.get(f"/udf/{path}", **arguments)
    assert response.status_code == status, response.text
    body = response.json()
    assert body["s"] == "error"
    assert body["errmsg"] == body["detail"]
    assert (body["status_code"], body["request_id"]) == (status, response.headers["X-Request-Id"])
    return body["errmsg"]


def minutes(first: int, end: int) -> dict[str, Any]:
    return {"symbol": "NSE:RELIANCE", "resolution": "1", "from": AT + first * 60, "to": AT + end * 60}


async def test_the_configuration_says_what_can_be_asked(web: Web) -> None:
    told = await asked(web, "config")
    supported = ("search", "group_request", "marks", "timescale_marks", "time")
    assert [told[f"supports_{name}"] for name in supported] == [True, False, True, True, True]
    assert told["supported_resolutions"] == ["1", "5", "15", "30", "60", "240", "1D", "1W", "1M"]
    assert told["exchanges"][1] == {"value": "NSE", "name": "NSE", "desc": "National Stock Exchange"}
    assert [kind["value"] for kind in told["symbols_types"]] == ["", "stock", "index", "futures", "option"]


async def test_the_time_is_a_number_of_seconds_as_text(web: Web) -> None:
    response = await web.get("/udf/time")
    assert response.headers["Content-Type"].startswith("text/plain")
    assert abs(int(response.text) - web.system.clock.now_ns() / 10**9) < 60


async def test_a_symbol_is_resolved_by_its_ticker_and_by_a_bare_name(web: Web) -> None:
    told = await asked(web, "symbols", symbol="NSE:RELIANCE", currencyCode="INR")
    assert told == await asked(web, "symbols", symbol="RELIANCE")
    assert (told["name"], told["ticker"], told["exchange"], told["exchange-listed"]) == (
        "RELIANCE",
        "NSE:RELIANCE",
        "NSE",
        "NSE",
    )
    assert (told["session"], told["timezone"], told["session_holidays"], told["corrections"]) == (
        "24x7",
        "Asia/Kolkata",
        "",
        "",
    )
    assert (told["pricescale"], told["minmov"], told["minmove2"], told["has_intraday"]) == (100, 5, 0, True)
    assert told["intraday_multipliers"] == ["1", "5", "15", "30", "60", "240"]
    assert "RELIANCE" in await refused(web, "symbols", 404, symbol="NSE:RELIANC")
    assert "symbol" in await refused(web, "symbols", 400)


async def test_symbols_are_found_by_a_part_of_their_names(web: Web) -> None:
    found = await asked(web, "search", query="rel", type="", exchange="", limit="30")
    assert found == [
        {"symbol": "RELIANCE", "full_name": "NSE:RELIANCE", "ticker": "NSE:RELIANCE", "description": "RELIANCE", "exchange": "NSE", "type": "stock"}
    ]  # fmt: skip
    assert [one["symbol"] for one in await asked(web, "search", query="NSE:T", type="stock")] == ["TCS"]
    assert len(await asked(web, "search", query="", limit="2")) == 2
    assert await asked(web, "search", query="TCS", type="index") == []
    assert await asked(web, "search", query="TCS", type="bitcoin") == []
    assert await asked(web, "search", query="TCS", exchange="BSE") == []


async def test_history_has_the_bars_from_begin_to_before_the_end_with_the_one_that_forms(
    web: Web, durable: DurableStore, engine: Engine
) -> None:
    await durable.save([candle(minute, float(minute)) for minute in range(3)])
    await web.services.hot.write_candles([candle(3, 3.0)])
    await engine.store(4.0, forming=(candle(4, 4.0, state="forming"),))
    told = await asked(web, "history", **minutes(1, 5))
    assert told == {
        "s": "ok", "t": [AT + minute * 60 for minute in (1, 2, 3, 4)], **{name: [1.0, 2.0, 3.0, 4.0] for name in "ohlc"}, "v": [10] * 4
    }  # fmt: skip
    assert (await asked(web, "history", **minutes(1, 4)))["t"][-1] == AT + 180, "the end is not included"


async def test_history_gives_so_many_bars_before_the_end_whatever_lies_between(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(minute, float(minute)) for minute in (-5_000, -4_999, 0, 1, 2)])
    told = await asked(web, "history", **minutes(1, 3), countback="4", firstDataRequest="true")
    assert told["c"] == [-4_999.0, 0.0, 1.0, 2.0]
    told = await asked(web, "history", **minutes(0, 2), countback="99")
    assert told["c"] == [-5_000.0, -4_999.0, 0.0, 1.0]
    await refused(web, "history", 400, **minutes(0, 2), countback="0")


async def test_where_nothing_is_history_says_where_the_bar_before_is(web: Web, durable: DurableStore) -> None:
    assert await asked(web, "history", **minutes(0, 9)) == {"s": "no_data"}
    await durable.save([candle(-30), candle(20)])
    assert await asked(web, "history", **minutes(0, 9)) == {"s": "no_data", "nextTime": AT - 30 * 60}
    assert await asked(web, "history", **minutes(-99, -50)) == {"s": "no_data"}
    assert await asked(web, "history", **minutes(-99, -50), countback="3") == {"s": "no_data"}


async def test_days_stand_at_midnight_of_their_date(web: Web, durable: DurableStore) -> None:
    bars = [msgspec.structs.replace(candle(1440 * day - 1007, float(day)), timeframe="1d") for day in range(3)]
    # opens at midnight in India, which is the evening before in UTC
    days = [DailyCandle(date(2026, 11, 18 + day), bar) for day, bar in enumerate(bars)]
    await durable.save([], days)
    wanted = {"symbol": "RELIANCE", "resolution": "1D", "from": MIDNIGHT, "to": MIDNIGHT + 2 * DAY_S}
    assert (await asked(web, "history", **wanted))["t"] == [MIDNIGHT, MIDNIGHT + DAY_S]
    assert (await asked(web, "history", **(wanted | {"resolution": "D"}), countback="1"))["t"] == [MIDNIGHT + DAY_S]
    later = wanted | {"from": MIDNIGHT + 5 * DAY_S, "to": MIDNIGHT + 6 * DAY_S}
    assert await asked(web, "history", **later) == {"s": "no_data", "nextTime": MIDNIGHT + 2 * DAY_S}


async def test_a_bar_that_lacks_a_price_is_left_out(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(0), candle(1, float("nan")), candle(2)])
    assert (await asked(web, "history", **minutes(0, 3)))["t"] == [AT, AT + 120]


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"symbol": "NOPE"}, 404, "NOPE"),
        ({"resolution": "7"}, 400, "resolution"),
        ({"resolution": "1W"}, 400, "resolution"),
        ({"from": 5, "to": 5}, 400, "before"),
        ({"from": -1}, 400, "from"),
        ({"to": 10**12}, 400, "to"),
        ({"to": "soon"}, 400, "to"),
    ],
)
@pytest.mark.parametrize("path", ["history", "marks", "timescale_marks"])
async def test_what_makes_no_sense_is_refused_in_the_librarys_words(
    web: Web, path: str, changes: dict[str, Any], status: int, word: str
) -> None:
    assert word in await refused(web, path, status, **(minutes(0, 5) | changes))


async def test_gaps_and_heals_are_marked(web: Web, durable: DurableStore) -> None:
    healed = candle(4, 4.0, state=CandleState.REVISED, revision=1)
    await durable.save([candle(0), candle(1), healed, candle(5)])
    await durable.note_verdicts(
        [Verdict("NSE:RELIANCE", "unresolvable", NOON + 3 * MINUTE, NOON + 4 * MINUTE, "too old")]
    )
    told = await asked(web, "marks", **minutes(0, 6))
    assert list(zip(told["time"], told["label"], told["color"], strict=True)) == [
        (AT + 60, "G", "red"), (AT + 60, "G", "blue"), (AT + 240, "H", "green")
    ]  # fmt: skip
    assert told["text"] == [
        "Missing: 2026-11-18 16:59 to 17:00",
        "Unresolvable: 2026-11-18 17:00 to 17:01 (too old)",
        "Healed from simulator: 1 bar, 2026-11-18 17:01 to 17:02",
    ]
    below = await asked(web, "timescale_marks", **minutes(0, 6))
    assert [(mark["id"], mark["time"], mark["tooltip"][0]) for mark in below] == list(
        zip(told["id"], told["time"], told["text"], strict=True)
    )
    assert await asked(web, "timescale_marks", **(minutes(0, 6) | {"from": 4_000_000_000, "to": 4_000_000_060})) == []


async def test_quotes_come_one_by_one_and_say_which_there_are_none_of(web: Web, engine: Engine) -> None:
    await engine.store(1.8)
    told = await asked(web, "quotes", symbols="NSE:RELIANCE,TCS,NOPE")
    assert told["s"] == "ok"
    first, *rest = told["d"]
    assert (first["s"], first["n"]) == ("ok", "NSE:RELIANCE")
    values = {
        "lp": 1.8,
        "ch": 0.9,
        "chp": 100.0,
        "open_price": 1.0,
        "high_price": 2.0,
        "low_price": 0.5,
        "prev_close_price": 0.9,
        "volume": 1,
    }
    assert first["v"].items() >= (values | {"short_name": "RELIANCE", "exchange": "NSE"}).items()
    assert [(one["s"], one["n"], one["v"]) for one in rest] == [("error", "TCS", {}), ("error", "NOPE", {})]
    assert "symbols" in await refused(web, "quotes", 400, symbols=",")


PATHS = ("config", "time", "symbols?symbol=TCS", "search?query=T", "quotes?symbols=TCS")


@pytest.mark.parametrize("path", PATHS)
async def test_who_shows_nothing_is_refused_and_a_key_may_come_in_either_header(web: Web, path: str) -> None:
    refused = await web.http.get(f"/udf/{path}")
    assert (refused.status_code, refused.json()["s"]) == (401, "error")
    for headers in (BEARER, {"X-API-Key": TOKEN}):
        assert (await web.http.get(f"/udf/{path}", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_reads_charts_when_its_scopes_say_so(web: Web, path: str) -> None:
    person = await registered(web)
    for scope, status in (("read", 200), ("stream", 403)):
        made = await web.http.post("/auth/api-keys", json={"name": "chart", "scopes": [scope]}, headers=person.bearer)
        for headers in ({"X-API-Key": made.json()["key"]}, {"Authorization": f"Bearer {made.json()['key']}"}):
            assert (await web.http.get(f"/udf/{path}", headers=headers)).status_code == status


@pytest.mark.parametrize("path", PATHS)
async def test_the_public_feed_is_open_to_charts(hot: HotStore, durable: DurableStore, path: str) -> None:
    async with running_web(hot, durable, public_feed=True) as web:
        assert (await web.http.get(f"/udf/{path}")).status_code == 200


async def test_a_chart_on_a_page_of_an_allowed_origin_may_ask_with_a_token(
    hot: HotStore, durable: DurableStore
) -> None:
    async with running_web(hot, durable, allowed_origins=("https://charts.example",)) as web:

        async def shared(origin: str, method: str = "GET", **headers: str) -> httpx.Response:
            return await web.http.request(method, "/udf/time", headers={"Origin": origin, **headers})

        ours = await shared("https://charts.example", "OPTIONS")
        assert ours.status_code == 200
        assert ours.headers["Access-Control-Allow-Origin"] == "https://charts.example"
        assert ours.headers["Access-Control-Allow-Headers"] == "Authorization, X-API-Key"
        answered = await shared("https://charts.example", **BEARER)
        assert answered.headers["Access-Control-Allow-Origin"] == "https://charts.example"
        assert "Access-Control-Allow-Credentials" not in answered.headers
        theirs = await shared("https://elsewhere.example", "OPTIONS")
        assert "Access-Control-Allow-Origin" not in theirs.headers
        assert theirs.headers["Vary"] == "Origin"
