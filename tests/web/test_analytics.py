"""What was worked out of days: an instrument's in pages, a whole exchange's as its report, and the operator's hand on it."""

import asyncio
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from engine.market import Candle, CandleState
from engine.market.delivery import Reported
from engine.market.statistics import Days, DayStatistics, Minutes, day_statistics
from engine.storage.durable import DailyCandle
from tests.web.engine import NOON, Engine
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from web.app import REPORTS_AT_ONCE, REPORTS_S

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 18)
DAY_NS = 86_400_000_000_000


def figures(symbol: str, ago: int, close: float, before: float) -> DayStatistics:
    dates = [TODAY - timedelta(days=ago + 1), TODAY - timedelta(days=ago)]
    columns = Days(dates, [before, close + 1], [before, close - 1], [before, close], [100, 200], [None, None])
    minutes = Minutes([close + 1, close], [close - 1, close], [close, close], [150, 50])
    return day_statistics(f"NSE:{symbol}", columns, minutes, 375)


def bar(symbol: str, close: float) -> DailyCandle:
    candle = Candle(
        f"NSE:{symbol}", "1d", NOON - 4 * 3_600_000_000_000, close, close + 1, close - 1, close, 200,
        state=CandleState.REVISED, revision=1, source="dhan/official",
    )  # fmt: skip
    return DailyCandle(TODAY, candle, delivery_percentage=61.5 if symbol == "TCS" else None)


async def kept(web: Web) -> None:
    statistics = web.services.durable.statistics
    await web.services.durable.save([], [bar("TCS", 110.0), bar("INFY", 90.0)])
    await statistics.save([figures("TCS", 0, 110.0, 100.0), figures("INFY", 0, 90.0, 100.0)])
    await statistics.save([figures("TCS", ago, 100.0, 99.0) for ago in range(1, 5)])


async def read(web: Web, path: str, **arguments: Any) -> dict[str, Any]:
    response = await web.get(path, **arguments)
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_instruments_days_come_newest_first_in_pages_that_join(web: Web) -> None:
    await kept(web)
    wish = {"start": "2026-11-01", "end": "2026-11-18", "limit": 3}
    first = await read(web, "/api/v1/analytics/TCS", **wish)
    rest = await read(web, "/api/v1/analytics/TCS", **wish, page_token=first["next_page_token"])
    assert [one["date"] for one in (*first["items"], *rest["items"])] == [
        (TODAY - timedelta(days=ago)).isoformat() for ago in range(5)
    ]
    assert (first["instrument"], first["data"], rest["next_page_token"]) == ("NSE:TCS", "simulated", None)
    newest = first["items"][0]
    assert (newest["return_1d"], newest["vwap"], newest["atr"]) == (pytest.approx(10.0), pytest.approx(110.0), None)
    assert newest["reasons"]["atr"] == "needs 15 days, 2 are held"
    assert sum(volume for _, volume in newest["profile"]) == pytest.approx(200)


async def test_the_report_of_a_day_has_its_breadth_and_lists(web: Web) -> None:
    await kept(web)
    listed = (await read(web, "/api/v1/reports/", start="2026-11-18", end="2026-11-18"))["items"]
    assert listed == [{"date": "2026-11-18", "exchange": "NSE", "kind": "equity", "instruments": 2}]
    report = (await read(web, "/api/v1/reports/2026-11-18", exchange="nse"))["report"]
    assert report["breadth"]["advances"] == report["breadth"]["declines"] == 1
    assert [(one["instrument"], one["value"]) for one in report["gainers"]] == [("NSE:TCS", pytest.approx(10.0))]
    assert [(one["instrument"], one["value"]) for one in report["delivered"]] == [("NSE:TCS", 61.5)]
    assert (report["official"], report["minutes"], report["minutes_expected"]) == (2, 4, 750)
    assert (report["delivery_reported"], report["perhaps_split"]) == (1, [])


async def test_a_report_shows_what_was_delivered_as_soon_as_it_is_noted_and_what_may_be_a_split(web: Web) -> None:
    await kept(web)
    statistics = web.services.durable.statistics
    await statistics.save([figures("INFY", 0, 20.0, 100.0)])
    first = await web.get("/api/v1/reports/2026-11-18", exchange="NSE")
    assert [one["instrument"] for one in first.json()["report"]["perhaps_split"]] == ["NSE:INFY"]
    await statistics.note_reported("NSE", TODAY, [Reported("INFY", 70.0)])
    await asyncio.sleep(1.1 * REPORTS_S)  # who asks within that time shares one answer
    again = await web.http.get(
        "/api/v1/reports/2026-11-18?exchange=NSE", headers={**BEARER, "If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 200
    told = again.json()["report"]
    assert told["delivery_reported"] == 2
    assert [(one["instrument"], one["value"]) for one in told["delivered"]] == [("NSE:INFY", 70.0), ("NSE:TCS", 61.5)]


@pytest.mark.parametrize(
    ("path", "arguments", "status", "words"),
    [
        ("/api/v1/analytics/NOBODY", {}, 404, "NOBODY"),
        ("/api/v1/analytics/TCS", {"limit": 0}, 400, "limit"),
        ("/api/v1/analytics/TCS", {"page_token": "x"}, 400, "page_token"),
        ("/api/v1/reports/", {"start": "1970-01-02"}, 400, "at most 92 days"),
        ("/api/v1/reports/", {"start": "2026-08-18", "end": "2026-11-18"}, 400, "these are 93"),
        ("/api/v1/reports/today", {"exchange": "NSE"}, 400, "a date as 2026-11-20"),
        ("/api/v1/reports/2026-11-18", {}, 400, "exchange"),
        ("/api/v1/reports/2026-11-18", {"exchange": "NSE\0"}, 400, "a code as NSE"),
        ("/api/v1/reports/2026-11-17", {"exchange": "NSE", "kind": "future"}, 404, "no statistics of future"),
    ],
)
async def test_what_there_is_not_says_so(
    web: Web, path: str, arguments: dict[str, Any], status: int, words: str
) -> None:
    assert words in str(await problem(await web.get(path, **arguments), status))


async def test_only_an_administrator_has_a_day_worked_through_again(web: Web, engine: Engine) -> None:
    wish = {"exchange": "NSE", "date": "2026-11-18"}
    assert (await web.http.post("/admin/end_of_day", json=wish)).status_code == 401
    assert (await web.http.get("/api/v1/reports/")).status_code == 401
    await engine.hot.publish_tree("engine", {})
    taken = await web.http.post("/admin/end_of_day", json=wish, headers=BEARER)
    assert (taken.status_code, {name: engine.asked[name] for name in wish}) == (202, wish)
    newest = (await web.get("/admin/audit")).json()["items"][0]
    assert (newest["action"], newest["target"]) == ("end_of_day", "NSE 2026-11-18")


async def test_who_asks_for_a_report_at_once_shares_one_answer(web: Web) -> None:
    await kept(web)
    path = "/api/v1/reports/2026-11-18"
    answers = await asyncio.gather(*(web.get(path, exchange="NSE") for _ in range(8)))
    assert {answer.headers["ETag"] for answer in answers} == {answers[0].headers["ETag"]}
    quarter = await read(web, "/api/v1/reports/", start="2026-08-19", end="2026-11-18")
    assert quarter["items"][0]["date"] == "2026-11-18"


async def test_reports_of_other_days_wait_while_two_are_made_and_are_refused_when_that_takes_long(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept(web)
    room, path = web.services.report_room, "/api/v1/reports/2026-11-18"
    monkeypatch.setattr("web.routes.analytics.ROOM_S", 0.1)
    for _ in range(REPORTS_AT_ONCE):
        assert not room.locked()
        await room.acquire()
    refused = await web.get(path, exchange="NSE")
    assert "must wait" in str(await problem(refused, 503))
    assert int(refused.headers["Retry-After"]) >= 1
    room.release()
    assert (await web.get(path, exchange="NSE")).status_code == 200
    assert not room.locked()


def test_every_figure_of_a_day_can_be_told() -> None:
    told = msgspec.to_builtins(figures("TCS", 0, 110.0, 100.0))
    lacking = {name for name, value in told.items() if value is None}
    assert lacking == set(told["reasons"])
