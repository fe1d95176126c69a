import csv
import json
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from engine.market.candle import Candle, CandleState
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.market.quote import Quote
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.http import Request, Response
from engine.providers.simulator.yahoo import answers
from engine.providers.simulator.yahoo.answers import Instrument, LastTrade, Period
from engine.providers.yahoo.charts import Found
from engine.providers.yahoo.rest import YahooHistory, YahooLimits
from tests.providers.rest_server import RestServer, hang, reply, serve
from tests.providers.yahoo.routes import APPLE, NIFTY, NOW_NS, NOW_S, RELIANCE, SECOND

MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
FAST = YahooLimits(calls_per_second=1_000, timeout_s=2)
ONCE = RetryPolicy(attempts=1)
EAGER = RetryPolicy(attempts=3, initial_s=0.01)
NEW_YORK = Instrument("AAPL", "Apple Inc.", "equity", "NMS", "America/New_York")
INDIA = Instrument("RELIANCE.NS", "Reliance Industries", "equity", "NSI", "Asia/Kolkata", "INR")
SESSION = Period(NOW_S, NOW_S + 390 * 60)
CRUMB = Response(200, b"crumb")


def bar(open_: float, high: float, low: float, close: float, volume: int = 100) -> Candle:
    return Candle("", "", 0, open_, high, low, close, volume)


BAR = bar(271.48999, 271.97000, 271.20999, 271.60001, 1_200)


def chart_of(
    *rows: tuple[int, Candle | None], interval: str = "1m", instrument: Instrument = NEW_YORK, **more: Any
) -> Response:
    times_s, bars = [row[0] // SECOND for row in rows], [row[1] for row in rows]
    return reply(answers.chart(instrument, interval, bars, times_s=times_s, periods=[SESSION], **more))


@asynccontextmanager
async def asked(
    *responses: Response, retry: RetryPolicy = ONCE, limits: YahooLimits = FAST, now_ns: int = NOW_NS + DAY
) -> AsyncGenerator[tuple[list[Request], YahooHistory]]:
    """A history, and the calls for data it makes: they are answered one after the other, the last again and again."""
    calls: list[Request] = []

    async def answer(_: RestServer, request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        if not request.path.startswith("/v"):
            return Response(404, b"", {"Set-Cookie": "A3=d; Path=/"})
        if request.path == "/v1/test/getcrumb":
            return CRUMB
        calls.append(request)
        return responses[min(len(calls), len(responses)) - 1]

    async with serve(answer) as server:
        url = server.url.removesuffix("/v2")
        history = YahooHistory(url, limits=limits, retry=retry, jitter=lambda: 0.0, now_ns=lambda: now_ns)
        try:
            yield calls, history
        finally:
            history.close()


async def minutes_of(*responses: Response, **options: Any) -> Sequence[Candle]:
    async with asked(*responses, **options) as (_, history):
        return await history.minutes(APPLE, NOW_NS, NOW_NS + 60 * MINUTE)


async def failure_of(response: Response) -> ProviderError:
    async with asked(response) as (_, history):
        with pytest.raises(ProviderError) as raised:
            await history.minutes(APPLE, NOW_NS, NOW_NS + 60 * MINUTE)
    return raised.value


async def test_a_chart_becomes_candles() -> None:
    async with asked(chart_of((NOW_NS, BAR), (NOW_NS + MINUTE, bar(271.6, 271.7, 271.5, 271.65)))) as (calls, history):
        candles = await history.minutes(APPLE, NOW_NS, NOW_NS + 60 * MINUTE)

    assert candles[0] == Candle(
        "NASDAQ:AAPL", "1m", NOW_NS, 271.49, 271.97, 271.21, 271.6, 1_200, state=CandleState.FINAL, source="yahoo"
    )
    assert [candle.time for candle in candles] == [NOW_NS, NOW_NS + MINUTE]
    (call,) = calls
    assert call.path == "/v8/finance/chart/AAPL"
    wanted = {"period1": str(NOW_S), "period2": str(NOW_S + 3600), "interval": "1m", "crumb": "crumb"}
    assert wanted.items() <= dict(call.query).items()


async def test_holes_are_passed_over() -> None:
    candles = await minutes_of(chart_of((NOW_NS, BAR), (NOW_NS + MINUTE, None), (NOW_NS + 2 * MINUTE, BAR)))

    assert [(candle.time - NOW_NS) // MINUTE for candle in candles] == [0, 2]


async def test_the_newest_bar_is_joined_with_its_live_part_and_still_forms() -> None:
    """Yahoo stamps the live part with the second of its last trade."""
    live = (NOW_NS + 100 * SECOND, bar(272.0, 273.0, 272.0, 272.5, 7))
    rows = [(NOW_NS, BAR), (NOW_NS + MINUTE, bar(271.6, 271.7, 271.5, 271.65, 100)), live]

    candles = await minutes_of(chart_of(*rows), now_ns=NOW_NS + 101 * SECOND)

    assert [candle.state for candle in candles] == [CandleState.FINAL, CandleState.FORMING]
    assert candles[-1].row[:5] == (271.6, 273.0, 271.5, 272.5, 107)


async def test_a_live_part_alone_belongs_to_its_bucket() -> None:
    live = (NOW_NS + 100 * SECOND, bar(272.0, 273.0, 272.0, 272.5, 7))

    candles = await minutes_of(chart_of((NOW_NS, BAR), live), now_ns=NOW_NS + 101 * SECOND)

    assert [candle.time - NOW_NS for candle in candles] == [0, MINUTE]


async def test_an_hour_counts_from_the_open() -> None:
    rows = [(NOW_NS, BAR), (NOW_NS + 60 * MINUTE, BAR), (NOW_NS + 121 * MINUTE + SECOND, BAR)]
    async with asked(chart_of(*rows, interval="1h"), now_ns=NOW_NS + 122 * MINUTE) as (_, history):
        candles = await history.candles(APPLE, "1h", NOW_NS, NOW_NS + DAY)

    assert [(candle.time - NOW_NS) // MINUTE for candle in candles] == [0, 60, 120]


async def test_minutes_come_seven_days_at_a_time_and_thirty_days_back() -> None:
    async with asked(chart_of()) as (calls, history):
        assert await history.minutes(APPLE, NOW_NS - 60 * DAY, NOW_NS + DAY) == []

    starts = [int(call.query["period1"]) for call in calls]
    ends = [int(call.query["period2"]) for call in calls]
    assert starts[0] == NOW_S - 29 * 86_400 + 300
    assert ends[:-1] == starts[1:]
    assert ends[-1] == NOW_S + 86_400
    assert all(end - start <= 7 * 86_400 for start, end in zip(starts, ends, strict=True))


@pytest.mark.parametrize(("timeframe", "days"), [("5m", 60), ("15m", 60), ("1h", 730)])
async def test_longer_bars_reach_further_back_in_one_call(timeframe: str, days: int) -> None:
    async with asked(chart_of(interval=timeframe)) as (calls, history):
        assert await history.candles(APPLE, timeframe, 0, NOW_NS + DAY) == []

    (call,) = calls
    assert int(call.query["period1"]) == NOW_S - (days - 1) * 86_400 + 300
    assert history.limits.look_back_days[timeframe] == days


async def test_a_day_opens_at_the_midnight_of_its_exchange() -> None:
    opens = datetime(2025, 11, 20, 3, 45, tzinfo=UTC)
    rows = [(int(opens.timestamp()) * SECOND + day * DAY, BAR) for day in range(-1, 3)]
    async with asked(chart_of(*rows, interval="1d", instrument=INDIA)) as (_, history):
        candles = await history.days(RELIANCE, date(2025, 11, 20), date(2025, 11, 21))
        assert await history.days(RELIANCE, date(2025, 11, 21), date(2025, 11, 20)) == []

    midnight = int(datetime(2025, 11, 19, 18, 30, tzinfo=UTC).timestamp()) * SECOND
    assert [candle.time for candle in candles] == [midnight, midnight + DAY]


async def test_days_may_be_asked_for_by_time() -> None:
    midnight = int(datetime(2025, 11, 19, 18, 30, tzinfo=UTC).timestamp()) * SECOND
    rows = [(midnight + (555 * MINUTE) + day * DAY, BAR) for day in range(3)]
    async with asked(chart_of(*rows, interval="1d", instrument=INDIA)) as (_, history):
        candles = await history.candles(RELIANCE, "1d", midnight, midnight + DAY + 1)

    assert [candle.time for candle in candles] == [midnight, midnight + DAY]


async def test_adjusted_closes_are_to_be_had_beside_the_raw_ones() -> None:
    body = answers.chart(NEW_YORK, "1d", [BAR, BAR], times_s=[NOW_S, NOW_S + 86_400])
    body["chart"]["result"][0]["indicators"]["adjclose"][0]["adjclose"] = [270.98765, 271.6]
    async with asked(reply(body), now_ns=NOW_NS + 3 * DAY) as (_, history):
        adjusted = await history.adjusted(APPLE, date(2025, 11, 21), date(2025, 11, 22))
        days = await history.days(APPLE, date(2025, 11, 21), date(2025, 11, 22))

    assert adjusted == {date(2025, 11, 21): 270.98765, date(2025, 11, 22): 271.6}
    assert [day.close for day in days] == [271.6, 271.6]


@pytest.mark.recorded
async def test_the_recorded_days_of_a_fund_are_read_with_their_adjusted_closes(recordings: Path) -> None:
    """As yfinance keeps them for tests of its own: a chart of the same figures gives the same candles."""
    with (recordings / "yahoo" / "EWG-1d-no-bad-divs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    days = [datetime.fromisoformat(row["Datetime"]) for row in rows]
    bars = [
        bar(*(float(row[name]) for name in ("Open", "High", "Low", "Close")), volume=int(row["Volume"])) for row in rows
    ]
    opens_s = [int((day + timedelta(hours=9, minutes=30)).timestamp()) for day in days]
    body = answers.chart(NEW_YORK, "1d", bars, times_s=opens_s)
    body["chart"]["result"][0]["indicators"]["adjclose"][0]["adjclose"] = [float(row["Adj Close"]) for row in rows]
    async with asked(reply(body)) as (_, history):
        candles = await history.days(APPLE, days[0].date(), days[-1].date())
        adjusted = await history.adjusted(APPLE, days[0].date(), days[-1].date())

    assert [candle.time for candle in candles] == [int(day.timestamp()) * SECOND for day in days]
    for candle, row, day in zip(candles, rows, days, strict=True):
        assert candle.volume == int(row["Volume"])
        assert candle.close == pytest.approx(float(row["Close"]), abs=1e-4)
        assert adjusted[day.date()] == pytest.approx(float(row["Adj Close"]), abs=1e-4)


async def test_other_timeframes_are_for_others_to_make() -> None:
    async with asked(chart_of()) as (calls, history):
        with pytest.raises(ProviderError, match="4h") as raised:
            await history.candles(APPLE, "4h", 0, NOW_NS)

    assert (raised.value.advice, calls) == (Advice.FIX_REQUEST, [])


LAST = LastTrade(NOW_S, 271.49, 1_000, 270.0, 272.0, 269.0, 266.25)


async def test_last_trades_come_fifty_in_a_call() -> None:
    many = [Route(f"NYSE:S{number}", "NYSE", f"S{number}", 0.01, "equity") for number in range(50)]
    nifty = Instrument("^NSEI", "NIFTY 50", "index", "NSI", "Asia/Kolkata", "INR")
    answer = reply(answers.quotes([(NEW_YORK, LAST), (nifty, LAST._replace(price=26068.15))]))
    async with asked(answer) as (calls, history):
        quotes = await history.quotes([*many, APPLE, NIFTY])
        prices = await history.last_prices([APPLE, NIFTY])

    day = {"day_open": 270.0, "day_high": 272.0, "day_low": 269.0, "previous_close": 266.25}
    assert quotes == {
        "NASDAQ:AAPL": Quote(271.49, NOW_NS, 1_000, **day),
        "NSE:NIFTY": Quote(26068.15, NOW_NS, None, **day),
    }
    assert prices == {"NASDAQ:AAPL": 271.49, "NSE:NIFTY": 26068.15}
    assert [len(call.query["symbols"].split(",")) for call in calls] == [50, 2, 2]


async def test_what_a_quote_does_not_tell_is_none_and_without_a_price_there_is_no_quote() -> None:
    told = {"symbol": "AAPL", "regularMarketPrice": 271.49, "regularMarketDayHigh": 0, "bid": 271.48, "ask": 0.0}
    answer = reply({"quoteResponse": {"result": [told, {"symbol": "^NSEI", "regularMarketPrice": 0}]}})
    async with asked(answer) as (calls, history):
        assert await history.quotes([APPLE, NIFTY]) == {"NASDAQ:AAPL": Quote(271.49, None, None, bid=271.48)}
    assert {"bid", "ask", "regularMarketDayHigh"} <= set(calls[0].query["fields"].split(","))


async def test_search_finds_symbols() -> None:
    async with asked(reply(answers.search([NEW_YORK]))) as (calls, history):
        assert await history.search("apple") == [Found("AAPL", "Apple Inc.", "NMS", "equity")]

    assert (calls[0].path, calls[0].query["q"]) == ("/v1/finance/search", "apple")


GONE = "No data found, symbol may be delisted"
NOTHING = "Data doesn't exist for startDate = 1763735400, endDate = 1763739000"


async def test_a_range_without_trades_is_empty() -> None:
    assert await minutes_of(Response(400, answers.refusal("chart", "Bad Request", NOTHING))) == []
    assert await minutes_of(chart_of()) == []


@pytest.mark.parametrize(
    ("response", "advice", "complaint"),
    [
        (Response(404, answers.refusal("chart", "Not Found", GONE)), Advice.FIX_REQUEST, "delisted"),
        (Response(200, answers.refusal("chart", "Not Found", GONE)), Advice.FIX_REQUEST, "delisted"),
        (Response(422, b"<html>"), Advice.FIX_REQUEST, "422"),
        (Response(401, answers.refusal("finance", "Unauthorized", "Invalid Crumb")), Advice.WAIT, "401"),
        (Response(403, b""), Advice.WAIT, "403"),
        (Response(500, b"{"), Advice.RETRY, "500"),
        (Response(200, b"<html>"), Advice.RETRY, "can not be read"),
        (Response(200, b'{"chart":{"result":[{"meta":{}}],"error":null}}'), Advice.RETRY, "can not be read"),
        (Response(200, b"Will be right back"), Advice.RETRY, "can not be read"),
    ],
)
async def test_a_failure_is_told_with_what_to_do_about_it(response: Response, advice: Advice, complaint: str) -> None:
    failure = await failure_of(response)

    assert failure.advice is advice
    assert complaint in str(failure)


@pytest.mark.parametrize(
    ("place", "odd"),
    [
        ((), []),
        (("meta", "exchangeTimezoneName"), "Mars/Olympus"),
        (("meta", "exchangeTimezoneName"), 2**63),
        (("events", "dividends"), "none"),
        (("events", "splits"), {str(NOW_S): {"date": NOW_S, "numerator": 4.0, "denominator": None}}),
        (("timestamp",), [1e308, NOW_S]),
        (("indicators", "quote"), []),
        (("indicators", "quote", 0, "high"), [[1.0], 2.0]),
    ],
)
async def test_an_answer_of_another_form_is_told_as_such(place: Sequence[str | int], odd: Any) -> None:
    """Each makes the package, or pandas below it, stumble in another way."""
    body = answers.chart(NEW_YORK, "1m", [BAR, BAR], times_s=[NOW_S, NOW_S + 60], periods=[SESSION])
    body["chart"]["result"][0]["events"] = {}
    *way, last = ("chart", "result", 0, *place)
    part: Any = body
    for step in way:
        part = part[step]
    part[last] = odd

    failure = await failure_of(reply(body))

    assert failure.advice is Advice.RETRY
    assert "can not be read" in str(failure)


async def test_a_refusal_keeps_everybody_waiting_for_minutes() -> None:
    """And is not repeated at once, as yfinance by itself would."""
    async with asked(Response(429, b"Too Many Requests", {"Retry-After": "5"})) as (calls, history):
        with pytest.raises(ProviderError, match="429") as raised:
            await history.minutes(APPLE, NOW_NS, NOW_NS + MINUTE)
        with pytest.raises(ProviderError, match="used up") as kept:
            await history.last_prices([APPLE])

    assert len(calls) == 1
    assert raised.value.advice is kept.value.advice is Advice.WAIT
    assert raised.value.wait_s == 300.0


async def test_a_stumble_is_tried_again_and_nothing_of_it_is_remembered() -> None:
    """yfinance would remember a refused call about the past, and repeat the refusal for ever."""
    candles = await minutes_of(Response(503, b""), chart_of((NOW_NS, BAR)), retry=EAGER)

    assert len(candles) == 1


async def test_odd_quotes_and_hits_are_told_as_such() -> None:
    async with asked(reply({"quoteResponse": 7})) as (_, history):
        with pytest.raises(ProviderError, match="unknown form"):
            await history.quotes([APPLE])
        with pytest.raises(ProviderError, match="unknown form"):
            await history.search("apple")


async def test_whoever_answers_nothing_is_given_up() -> None:
    async with serve(hang) as server:
        limits = YahooLimits(calls_per_second=1_000, timeout_s=0.2)
        history = YahooHistory(server.url.removesuffix("/v2"), limits=limits, retry=ONCE)
        with trio.fail_after(5), pytest.raises(ProviderError, match=r"reached|answer") as raised:
            await history.last_prices([APPLE])
        history.close()

    assert raised.value.advice is Advice.RETRY


async def test_nobody_there_is_told_as_such() -> None:
    history = YahooHistory("http://127.0.0.1:1", limits=FAST, retry=ONCE)
    with pytest.raises(ProviderError, match="can not be reached"):
        await history.last_prices([APPLE])
    history.close()


async def test_cookie_and_crumb_are_asked_for_by_the_first_call_only() -> None:
    """yfinance asks for a cookie before every call, unless it finds one in a cache on disk, which it is kept from."""
    async with serve(everything) as server:
        history = YahooHistory(server.url.removesuffix("/v2"), limits=FAST, retry=ONCE, now_ns=lambda: NOW_NS + DAY)
        for _ in range(3):
            assert await history.minutes(APPLE, NOW_NS, NOW_NS + MINUTE)
        history.close()

    chart = "/v8/finance/chart/AAPL"
    paths = [request.path for request in server.requests]
    assert paths[-4:] == ["/v1/test/getcrumb", chart, chart, chart]
    assert set(paths[:-4]) == {"/"}


async def everything(_: RestServer, request: Request) -> Response:
    await trio.lowlevel.checkpoint()
    return chart_of((NOW_NS, BAR)) if "chart" in request.path else CRUMB


async def test_a_stale_crumb_is_renewed_on_the_way() -> None:
    stale = Response(401, answers.refusal("finance", "Unauthorized", "Invalid Crumb"))
    async with asked(stale, chart_of((NOW_NS, BAR))) as (calls, history):
        assert len(await history.minutes(APPLE, NOW_NS, NOW_NS + MINUTE)) == 1

    assert len(calls) == 2


async def test_two_addresses_share_nothing() -> None:
    """yfinance's one session for all would send the second one's calls to the first."""
    async with asked(chart_of((NOW_NS, BAR))) as (first, one), asked(chart_of((NOW_NS, BAR))) as (second, other):
        for history in (one, other, one):
            assert await history.minutes(APPLE, NOW_NS, NOW_NS + MINUTE)

    assert (len(first), len(second)) == (2, 1)


async def test_the_package_leaves_nothing_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await failure_of(Response(500, b""))

    assert not [record for record in caplog.records if record.name.startswith(("yfinance", "peewee"))]
    program = (
        "import engine.providers.yahoo.client, yfinance.cache as cache;"
        "cache.get_cookie_cache().store('basic', None); cache.get_tz_cache().lookup('AAPL')"
    )
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=home, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, list(tmp_path.iterdir())) == ("", [])


def test_the_package_is_imported_when_the_first_call_is_made() -> None:
    program = (
        "import sys, json; from engine.providers.yahoo.rest import YahooHistory; YahooHistory().close();"
        "print(json.dumps([name for name in ('yfinance', 'pandas', 'curl_cffi') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(done.stdout) == []


async def test_splits_and_dividends_are_told_as_they_were_paid() -> None:
    """Yahoo says 0.22 for what was 0.88 before four shares were made of one."""
    ex_dividend, ex_split = NOW_S - 30 * 86_400, NOW_S - 10 * 86_400
    events = {
        "dividends": {str(ex_dividend): {"amount": 0.22, "date": ex_dividend}},
        "splits": {str(ex_split): {"date": ex_split, "numerator": 4.0, "denominator": 1.0, "splitRatio": "4:1"}},
    }
    times_s = [ex_dividend, ex_split, NOW_S]
    body = answers.chart(NEW_YORK, "1d", [BAR, BAR, BAR], times_s=times_s, events=events)
    async with asked(reply(body)) as (calls, history):
        told = await history.actions(APPLE, date(2020, 1, 1), date(2026, 1, 1))
        assert await history.actions(APPLE, date(2020, 1, 1), date(2020, 1, 2)) == []
    days = [datetime.fromtimestamp(time_s, UTC).date() for time_s in times_s]
    assert told == [
        CorporateAction(
            instrument=APPLE.instrument, ex_date=days[0], kind=ActionKind.DIVIDEND, amount=0.88, source="yahoo"
        ),
        CorporateAction(instrument=APPLE.instrument, ex_date=days[1], kind=ActionKind.SPLIT, ratio=4.0, source="yahoo"),
    ]
    assert {call.query["events"] for call in calls} == {"div,splits,capitalGains"}


async def test_a_share_that_nothing_happened_to_has_no_actions() -> None:
    body = answers.chart(NEW_YORK, "1d", [BAR], times_s=[NOW_S])
    async with asked(reply(body)) as (_, history):
        assert await history.actions(APPLE, date(2020, 1, 1), date(2026, 1, 1)) == []
