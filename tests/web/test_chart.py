"""The year chart end to end: one wish to the engine for all who ask, the cache joined to what is live, and honest without."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from engine.market import TIMEFRAMES, Candle, CandleState
from engine.market.verdict import Verdict
from engine.storage.hot import ChartAbout
from tests.web.engine import MINUTE, Engine
from tests.web.process import Web

pytestmark = pytest.mark.anyio

NAME = "NSE:RELIANCE"
NOW = time.time_ns() // (1440 * MINUTE) * 1440 * MINUTE - MINUTE
"""The last minute of yesterday, UTC: no bucket of a day's beginning comes in between."""


def bar(minutes_ago: int, close: float, *, timeframe: str = "1m", **changes: Any) -> Candle:
    opens = NOW - minutes_ago * MINUTE
    made = Candle(
        NAME, timeframe, opens, close, close + 1, close - 1, close, 7, 3, CandleState.FINAL, source="simulator"
    )
    return msgspec.structs.replace(made, **changes)


async def keep(web: Web, *candles: Candle) -> None:
    """What the engine has built: a day each."""
    calendar = web.services.directory.listing.calendars.of(NAME)
    timeframe = candles[0].timeframe
    days: dict[Any, list[Candle]] = {}
    for candle in candles:
        days.setdefault(calendar.session_date(candle.time), []).append(candle)
    await web.services.hot.write_chart_days(NAME, timeframe, days)
    await web.services.hot.finish_chart(NAME, timeframe, ChartAbout(NOW, 0), list(days))


async def chart(web: Web, **wanted: str) -> dict[str, Any]:
    response = await web.get(f"/api/v1/chart/{NAME}", **{"timeframe": "1m", **wanted})
    assert response.status_code == 200, response.text
    return response.json()


async def show_engine(web: Web) -> None:
    await web.services.hot.publish_tree("engine", {"tree": {}})


async def test_the_chart_is_the_cache_with_what_closed_and_forms_since(web: Web, engine: Engine) -> None:
    await show_engine(web)
    old, kept, closed = bar(5_000, 1.0), bar(3, 2.0), bar(2, 3.0)
    healed = msgspec.structs.replace(kept, revision=1, state=CandleState.REVISED, close=2.5)
    await keep(web, old, kept)
    await web.services.hot.write_candles([healed, closed])
    await engine.store(4.0, forming=(bar(0, 4.0, state=CandleState.FORMING),))
    body = await chart(web)

    assert [(row["t"] * 1_000_000, row["c"], row["rev"]) for row in body["candles"]] == [
        (old.time, 1.0, 0),
        (kept.time, 2.5, 1),
        (closed.time, 3.0, 0),
    ]
    assert (body["forming"]["c"], body["forming"]["state"]) == (4.0, "forming")
    assert (body["symbol"], body["degraded"], body["data"], body["view"]) == (NAME, "", "simulated", {})
    assert body["built"] == NOW // 1_000_000


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
async def test_every_timeframe_has_its_chart(web: Web, engine: Engine, timeframe: str) -> None:
    await show_engine(web)
    candle = bar(10_000, 5.0, timeframe=timeframe)
    await keep(web, candle)
    body = await chart(web, timeframe=timeframe)

    assert [row["t"] * 1_000_000 for row in body["candles"]] == [candle.time]
    assert engine.charts == [(NAME, timeframe)]


async def test_ten_clients_that_ask_at_once_and_again_are_one_wish(web: Web, engine: Engine) -> None:
    await show_engine(web)
    engine.chart_answer = {"built": False, "failed": ""}
    await keep(web, bar(100, 1.0))
    asking = [asyncio.create_task(chart(web)) for _ in range(10)]
    await asyncio.sleep(0.1)
    engine.chart_answer = {"built": True, "failed": ""}
    bodies = await asyncio.gather(*asking)
    wishes = len(engine.charts)
    await chart(web)

    assert all(len(body["candles"]) == 1 for body in bodies)
    assert len(engine.charts) == wishes <= 3


async def test_a_chart_says_what_it_lacks(web: Web, engine: Engine) -> None:
    await show_engine(web)
    await web.services.durable.note_verdicts([Verdict(NAME, "empty", bar(2_000, 1.0).time, time.time_ns())])
    await web.services.durable.save([bar(1_900, 1.0), bar(1_800, 1.0)])
    complete = await chart(web, range="1d")
    assert (complete["complete"], complete["gaps"], complete["gaps_in_all"]) == (True, [], 0)
    year = await chart(web)
    assert year["complete"] is False
    assert {gap["state"] for gap in year["gaps"]} == {"missing"}
    assert year["gaps_in_all"] >= len(year["gaps"]) > 0


async def test_without_an_engine_the_stores_answer_and_the_answer_says_so(web: Web) -> None:
    await web.services.durable.save([bar(3_000, 1.0)])
    await web.services.hot.write_candles([bar(2, 2.0)])
    body = await chart(web)

    assert [row["c"] for row in body["candles"]] == [1.0, 2.0]
    assert "no engine" in body["degraded"]
    assert body["built"] is None


async def test_a_chart_the_engine_can_not_build_is_answered_with_what_there_is_and_why(
    web: Web, engine: Engine
) -> None:
    await show_engine(web)
    engine.chart_answer = {"built": False, "failed": "PostgreSQL is not available."}
    await web.services.hot.write_candles([bar(2, 2.0)])
    body = await chart(web)

    assert [row["c"] for row in body["candles"]] == [2.0]
    assert body["degraded"] == "PostgreSQL is not available."


async def test_a_shorter_range_shows_the_end_of_the_same_chart_through_the_same_view(web: Web, engine: Engine) -> None:
    await show_engine(web)
    await keep(web, *(bar(minutes, 100.0 + minutes) for minutes in range(9_000, 0, -300)))  # `NOW` is up to a day ago
    whole = await chart(web, continuous="true", wick="0.5")
    part = await chart(web, range="5d", continuous="true", wick="0.5")

    assert 0 < len(part["candles"]) < len(whole["candles"]) == 30
    assert part["candles"] == whole["candles"][-len(part["candles"]) :]
    assert part["view"] == {"continuous": True, "wick": "0.5"}
    opens = [row["o"] for row in whole["candles"]]
    assert opens[1:] == [row["c"] for row in whole["candles"]][:-1]
    assert all(row["h"] - max(row["o"], row["c"]) <= 0.5 for row in whole["candles"])
    plain = await chart(web)
    assert [row["o"] for row in plain["candles"]] == [row["c"] for row in plain["candles"]]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"range": "2y"}, "range is one of"),
        ({"timeframe": "7m"}, "timeframe"),
        ({"continuous": "maybe"}, "continuous"),
        ({"wick": "-3"}, "wicks"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(web: Web, wanted: dict[str, str], says: str) -> None:
    response = await web.get(f"/api/v1/chart/{NAME}", **{"timeframe": "1m", **wanted})

    assert response.status_code == 400
    assert says in response.json()["detail"]


async def test_intraday_bars_are_shown_through_a_view_with_the_bar_before_the_range(web: Web) -> None:
    await web.services.durable.save([bar(3, 10.0), bar(2, 20.0), bar(1, 30.0)])
    start = datetime.fromtimestamp(bar(2, 0.0).time / 1e9, UTC).isoformat()
    response = await web.get(
        "/marketdata/intraday", symbol=NAME, timeframe="1m", start_date=start, continuous="true", wick="1%"
    )
    body = response.json()

    assert [(row["open"], row["high"], row["low"], row["close"]) for row in body["items"]] == [
        (10.0, 20.2, 10.0, 20.0),
        (20.0, 30.3, 20.0, 30.0),
    ]
    assert body["view"] == {"continuous": True, "wick": "1%"}


@pytest.mark.parametrize("is_cached", [True, False])
async def test_a_chart_in_pieces_is_the_chart_as_a_whole(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch, *, is_cached: bool
) -> None:
    """Bars go on from the last one of the piece before, also where they are sent while they are read."""
    await show_engine(web)
    candles = [bar(day * 1_440 + minute, day + minute / 10) for day in range(8, 0, -1) for minute in (500, 499, 3)]
    await (keep(web, *candles) if is_cached else web.services.durable.save(candles))
    await engine.store(4.0, forming=(bar(0, 4.0, state=CandleState.FORMING),))
    whole = await chart(web, continuous="true")
    assert [row["t"] * 1_000_000 for row in whole["candles"]] == [one.time for one in candles]
    assert {row["o"] != one.open for row, one in zip(whole["candles"], candles, strict=True)} == {True, False}

    monkeypatch.setattr("web.year_chart.PIECE", 1_440)
    monkeypatch.setattr("web.routes.chart.LONG_BYTES", 500)
    streamed = await web.get(f"/api/v1/chart/{NAME}", timeframe="1m", continuous="true")
    assert streamed.json() == whole
    assert "ETag" not in streamed.headers
