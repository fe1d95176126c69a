import logging
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.market.candle import Candle, CandleState
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryStatistics, ProviderError, Route
from engine.providers.keyring import Credential, Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.rest import KiteHistory, KiteLimits
from engine.providers.retry import RetryPolicy
from engine.providers.secret import Secret
from engine.providers.simulator.http import Request, Response
from tests.providers.kite.routes import INFY, INFY_TOKEN, NIFTY, NIFTY_FUT, NIFTY_TOKEN, SECOND, many
from tests.providers.rest_server import Answer, RestServer, answers, dripping, hang, reply, serve

TOKEN = "canary-token"
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
FAST = KiteLimits(charts_per_second=1000, prices_per_second=1000)
IMPATIENT = msgspec.structs.replace(FAST, timeout_s=0.5)
"""For servers that do not answer: another one may be late on a machine that does much else."""
ONCE = RetryPolicy(attempts=1)
EAGER = RetryPolicy(attempts=3, initial_s=0.01)


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND  # pyright: ignore[reportArgumentType]


OPEN = utc(2025, 12, 29, 3, 45)
"""09:15 in India."""


def history_at(
    url: str, *, retry: RetryPolicy = ONCE, limits: KiteLimits = FAST, keyring: Keyring | None = None
) -> KiteHistory:
    keyring = keyring or Keyring("kite", Credential("apikey", Secret(TOKEN)))
    return KiteHistory(keyring, KiteEndpoints(rest_url=url), limits=limits, retry=retry, jitter=lambda: 0.0)


@asynccontextmanager
async def asked(answer: Answer, **options: Any) -> AsyncGenerator[tuple[RestServer, KiteHistory]]:
    async with serve(answer) as server:
        yield server, history_at(server.url, **options)


def chart(*bars: list[Any]) -> Response:
    return reply({"status": "success", "data": {"candles": bars}})


BAR = ["2025-12-29T09:15:00+0530", 1650.2999, 1651, 1649, 1650, 1200]
BUSY = reply(
    {"status": "error", "message": "Too many requests", "error_type": "NetworkException"}, 429, {"Retry-After": "0.2"}
)


async def test_minutes_are_asked_for_as_documented_and_come_back_as_candles() -> None:
    async with asked(answers(chart(BAR))) as (server, history):
        candles = await history.minutes(INFY, OPEN, OPEN + 5 * MINUTE)

    assert candles == [
        Candle("NSE:INFY", "1m", OPEN, 1650.3, 1651.0, 1649.0, 1650.0, 1200, None, CandleState.FINAL, source="kite")
    ]
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", f"/v2/instruments/historical/{INFY_TOKEN}/minute")
    assert request.headers["authorization"] == f"token apikey:{TOKEN}"
    assert request.headers["x-kite-version"] == "3"
    assert request.query == {"from": "2025-12-29 09:15:00", "to": "2025-12-29 09:20:00"}


@pytest.mark.recorded
async def test_recorded_charts_are_read(recordings: Path) -> None:
    minutes, interests = (
        Response(200, (recordings / f"kite/mocks/historical_{name}.json").read_bytes()) for name in ("minute", "oi")
    )
    first, second = utc(2017, 12, 15, 3, 45), utc(2019, 12, 4, 3, 45)
    async with asked(answers(minutes, interests)) as (_, history):
        shares = await history.minutes(INFY, first, first + DAY)
        futures = await history.minutes(NIFTY_FUT, second, second + DAY)

    assert [candle.time for candle in shares] == [first + minute * MINUTE for minute in range(6)]
    assert [candle.close for candle in shares][:2] == [1702.8, 1698.15]
    assert [candle.open_interest for candle in futures][:3] == [13_667_775, 13_667_775, 13_758_000]


async def test_a_derivative_is_asked_for_with_its_open_interest() -> None:
    async with asked(answers(chart([*BAR, 11_148_150]))) as (server, history):
        (candle,) = await history.minutes(NIFTY_FUT, OPEN, OPEN + MINUTE)

    assert candle.open_interest == 11_148_150
    assert server.requests[0].query["oi"] == "1"


async def test_calls_that_go_well_leave_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with asked(answers(chart(BAR))) as (_, history):
            assert await history.minutes(INFY, OPEN, OPEN + MINUTE)

    assert [record for record in caplog.records if record.name.startswith("http")] == []


async def test_only_bars_of_the_range_are_given_oldest_first() -> None:
    bars = [[f"2025-12-29T09:{minute}:00+0530", *BAR[1:]] for minute in (18, 17, 16, 15, 14, 16)]
    async with asked(answers(chart(*bars))) as (_, history):
        candles = await history.minutes(INFY, OPEN, OPEN + 3 * MINUTE)

    assert [candle.time for candle in candles] == [OPEN, OPEN + MINUTE, OPEN + 2 * MINUTE]


INTERVALS = {
    "1m": ("minute", 60),
    "5m": ("5minute", 100),
    "15m": ("15minute", 200),
    "30m": ("30minute", 200),
    "1h": ("60minute", 400),
    "1d": ("day", 2000),
}


@pytest.mark.parametrize(("timeframe", "interval", "days"), [(key, *value) for key, value in INTERVALS.items()])
async def test_a_long_range_is_asked_for_in_pieces_that_kite_allows(timeframe: str, interval: str, days: int) -> None:
    start = utc(2015, 1, 1)
    async with asked(answers(chart())) as (server, history):
        await history.candles(INFY, timeframe, start, start + 2 * days * DAY + SECOND)

    spans = [(request.query["from"], request.query["to"]) for request in server.requests]
    moments = [datetime.fromisoformat(moment) for span in spans for moment in span]
    assert [(end - begin).days for begin, end in zip(moments[::2], moments[1::2], strict=True)] == [days, days, 0]
    assert all(end == begin for end, begin in zip(moments[1:-1:2], moments[2::2], strict=True))
    assert {request.path.rpartition("/")[2] for request in server.requests} == {interval}


@pytest.mark.parametrize("timeframe", ["4h", "1w"])
async def test_a_timeframe_kite_does_not_have_is_refused_without_asking(timeframe: str) -> None:
    async with asked(answers(chart(BAR))) as (server, history):
        assert not history.limits.offers(timeframe)
        with pytest.raises(ProviderError, match="shorter") as refused:
            await history.candles(INFY, timeframe, OPEN, OPEN + MINUTE)

    assert refused.value.advice is Advice.FIX_REQUEST
    assert server.requests == []


def test_the_limits_tell_how_far_back_asking_makes_sense() -> None:
    limits = history_at("http://127.0.0.1:9", limits=KiteLimits()).limits

    assert {timeframe for timeframe in ("1m", "5m", "15m", "30m", "1h", "4h", "1d") if limits.offers(timeframe)} == set(
        INTERVALS
    )
    assert limits.oldest_ns("1d", OPEN) == 0
    assert (limits.days_per_call, limits.calls_per_second) == (60, 3.0)


async def test_an_empty_range_asks_nothing() -> None:
    async with asked(answers(chart())) as (server, history):
        assert await history.minutes(INFY, OPEN, OPEN) == []
        assert await history.days(INFY, date(2025, 12, 29), date(2025, 12, 28)) == []
        assert await history.last_prices([]) == {}
        assert await history.quotes([]) == {}
    assert server.requests == []


async def test_days_begin_at_indian_midnight() -> None:
    bars = [[f"2025-12-{day}T00:00:00+0530", *BAR[1:]] for day in (25, 26, 29, 30)]
    async with asked(answers(chart(*bars))) as (server, history):
        candles = await history.days(INFY, date(2025, 12, 26), date(2025, 12, 29))

    assert [(candle.time, candle.timeframe) for candle in candles] == [
        (utc(2025, 12, 25, 18, 30), "1d"),
        (utc(2025, 12, 28, 18, 30), "1d"),
    ]
    assert server.requests[0].query == {"from": "2025-12-26 00:00:00", "to": "2025-12-30 00:00:00"}


async def test_bars_without_prices_are_counted_and_passed_over() -> None:
    bars = [BAR, ["2025-12-29T09:16:00+0530", None, 1, 1, 1, 1], ["2025-12-29T09:17:00+0530", 0, 1, 1, 1, 1]]
    async with asked(answers(chart(*bars))) as (_, history):
        candles = await history.minutes(INFY, OPEN, OPEN + 5 * MINUTE)

    assert len(candles) == 1
    assert history.statistics() == HistoryStatistics(calls=1, bars_skipped=2)


@pytest.mark.parametrize("bars", [[], None])
async def test_no_data_is_no_failure(bars: list[Any] | None) -> None:
    async with asked(answers(reply({"data": {"candles": bars}}))) as (_, history):
        assert await history.minutes(INFY, OPEN, OPEN + MINUTE) == []
    assert history.statistics() == HistoryStatistics(calls=1)


UNREADABLE = [
    reply({"status": "success"}),
    reply({"data": {"candles": [["2025-12-29T09:15:00+0530", "x", 1, 1, 1, 1]]}}),
    reply({"data": {"candles": [["yesterday", 1, 1, 1, 1, 1]]}}),
    reply({"data": {"candles": [[1, 2]]}}),
    reply([1, 2, 3]),
    Response(200, b"<html>maintenance</html>"),
    Response(200, b"\xff\xfe"),
]


@pytest.mark.parametrize("response", UNREADABLE)
async def test_an_answer_of_another_form_invites_another_try(response: Response) -> None:
    async with asked(answers(response, chart(BAR)), retry=EAGER) as (server, history):
        assert len(await history.minutes(INFY, OPEN, OPEN + MINUTE)) == 1
    assert len(server.requests) == 2


def error(status: int, kind: str | None = None, headers: dict[str, str] | None = None) -> Response:
    body = {} if kind is None else {"status": "error", "message": f"about {TOKEN}", "error_type": kind}
    return reply(body, status, headers)


FAILURES = [
    (error(403, "TokenException"), Advice.NEW_TOKEN, None, "TokenException"),
    (error(403, "PermissionException"), Advice.GIVE_UP, None, "PermissionException"),
    (error(403, "UserException"), Advice.GIVE_UP, None, "UserException"),
    (error(403), Advice.NEW_TOKEN, None, "403"),
    (error(400, "InputException"), Advice.FIX_REQUEST, None, "InputException"),
    (error(502, "DataException"), Advice.RETRY, None, "DataException"),
    (error(503, "NetworkException"), Advice.RETRY, None, "NetworkException"),
    (error(500, "GeneralException"), Advice.RETRY, None, "GeneralException"),
    (error(429, "NetworkException"), Advice.WAIT, 2.0, "429"),
    (error(429, None, {"Retry-After": "7"}), Advice.WAIT, 7.0, "429"),
    (error(500, "OtherException"), Advice.RETRY, None, "500"),
    (error(404), Advice.FIX_REQUEST, None, "404"),
    (Response(503, b"<html>", {"Retry-After": "5"}), Advice.RETRY, 5.0, "503"),
    (Response(302, b"", {"Location": "http://127.0.0.1:1/"}), Advice.RETRY, None, "302"),
]


@pytest.mark.parametrize(("response", "advice", "wait_s", "code"), FAILURES)
async def test_each_failure_is_told_with_what_to_do_about_it(
    response: Response, advice: Advice, wait_s: float | None, code: str
) -> None:
    async with asked(answers(response)) as (_, history):
        with pytest.raises(ProviderError) as raised:
            await history.minutes(INFY, OPEN, OPEN + MINUTE)

    assert (raised.value.advice, raised.value.wait_s, raised.value.code) == (advice, wait_s, code)
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("first", [error(500, "GeneralException"), Response(503, b""), BUSY])
async def test_what_is_worth_another_try_gets_it(first: Response) -> None:
    async with asked(answers(first, chart(BAR)), retry=EAGER) as (_, history):
        assert len(await history.minutes(INFY, OPEN, OPEN + MINUTE)) == 1
    assert history.statistics() == HistoryStatistics(calls=2, failures=1)


async def test_tries_come_to_an_end() -> None:
    async with asked(answers(error(500)), retry=EAGER) as (server, history):
        with pytest.raises(ProviderError, match="500"):
            await history.minutes(INFY, OPEN, OPEN + MINUTE)
    assert len(server.requests) == 3


async def test_a_token_entered_meanwhile_is_used_by_the_next_call() -> None:
    keyring = Keyring("kite", Credential("apikey", Secret("old")))
    async with asked(answers(chart(BAR)), keyring=keyring) as (server, history):
        await history.minutes(INFY, OPEN, OPEN + MINUTE)
        keyring.replace(Credential("apikey", Secret("new")))
        await history.minutes(INFY, OPEN, OPEN + MINUTE)

    assert [request.headers["authorization"] for request in server.requests] == ["token apikey:old", "token apikey:new"]


@pytest.mark.parametrize("credential", [None, Credential("apikey", Secret("two\nlines"))])
async def test_without_a_token_that_can_be_sent_nothing_is_asked(credential: Credential | None) -> None:
    async with asked(answers(chart(BAR)), keyring=Keyring("kite", credential)) as (server, history):
        with pytest.raises(ProviderError, match=r"enter another|no access token") as raised:
            await history.minutes(INFY, OPEN, OPEN + MINUTE)

    assert raised.value.advice is Advice.NEW_TOKEN
    assert "two" not in "".join(traceback.format_exception(raised.value))
    assert server.requests == []


async def test_one_refused_call_holds_the_others() -> None:
    async with asked(answers(BUSY, chart(BAR)), retry=EAGER) as (_, history), trio.open_nursery() as nursery:
        nursery.start_soon(history.minutes, INFY, OPEN, OPEN + MINUTE)
        while not history.statistics().failures:
            await trio.sleep(0.001)
        start = trio.current_time()
        await history.minutes(INFY, OPEN, OPEN + MINUTE)
        assert trio.current_time() - start > 0.15


async def test_the_documented_rate_is_kept() -> None:
    limits = KiteLimits(charts_per_second=20)
    async with asked(answers(chart(BAR)), limits=limits) as (server, history):
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(history.minutes, INFY, OPEN, OPEN + MINUTE)
        assert trio.current_time() - start > 0.24
    assert len(server.requests) == 6


async def test_nobody_there_invites_another_try() -> None:
    async with serve(answers(chart())) as server:
        url = server.url

    with pytest.raises(ProviderError, match="can not be reached") as raised:
        await history_at(url).minutes(INFY, OPEN, OPEN + MINUTE)

    assert raised.value.advice is Advice.RETRY


async def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    async with asked(hang, limits=IMPATIENT) as (_, history):
        with trio.fail_after(3), pytest.raises(ProviderError, match="did not answer within"):
            await history.minutes(INFY, OPEN, OPEN + MINUTE)


async def test_a_server_that_drips_is_given_up_in_time() -> None:
    async with dripping() as url:
        history = history_at(url, limits=IMPATIENT)
        with trio.fail_after(3), pytest.raises(ProviderError, match="did not answer within"):
            await history.minutes(INFY, OPEN, OPEN + MINUTE)


async def test_prices_that_hang_hold_up_no_chart() -> None:
    async def answer(server: RestServer, request: Request) -> Response:
        return await hang(server, request) if "quote" in request.path else chart(BAR)

    slow = KiteLimits(1000, 1000, timeout_s=10)
    async with asked(answer, limits=slow) as (server, history), trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(history.last_prices, [INFY])
        with trio.fail_after(5):
            while len(server.requests) < 4:
                await trio.sleep(0.01)
        assert len(await history.minutes(INFY, OPEN, OPEN + MINUTE)) == 1
        assert len(server.requests) == 5, "no more than four prices are asked for at once"
        nursery.cancel_scope.cancel()


async def test_last_prices_come_by_name_and_unknown_ones_are_absent() -> None:
    body = {
        "status": "success",
        "data": {
            str(INFY_TOKEN): {"instrument_token": INFY_TOKEN, "last_price": 1650.2999},
            str(NIFTY_TOKEN): {"instrument_token": NIFTY_TOKEN, "last_price": 25974.9},
            "12683009": {"instrument_token": 12683009, "last_price": 0},
        },
    }
    elsewhere = Route("NASDAQ:AAPL", "NASDAQ", "AAPL", 0.01, "equity")
    async with asked(answers(reply(body))) as (server, history):
        prices = await history.last_prices([INFY, NIFTY, NIFTY_FUT, elsewhere])

    assert prices == {"NSE:INFY": 1650.3, "NSE:NIFTY": 25974.9}
    assert server.requests[0].path == "/v2/quote/ltp"
    assert server.requests[0].pairs == [("i", str(token)) for token in (INFY_TOKEN, NIFTY_TOKEN, 12683010)]


async def test_quotes_tell_the_last_trade_and_the_day_and_unknown_instruments_are_absent() -> None:
    day = {"open": 1640, "high": 1660.02, "low": 1630, "close": 1635.5}
    book = {"buy": [{"price": 1650.25}, {"price": 1650.2}], "sell": [{"price": 0, "quantity": 0}]}
    never = {"last_price": 0, "last_trade_time": None, "timestamp": "2025-12-29 10:00:07", "volume": 0, "oi": 350}
    traded = {"last_price": 1650.3, "last_trade_time": "2025-12-29 10:00:05", "volume": 1200, "oi": 0}
    traded |= {"ohlc": day, "depth": book}
    index = {"last_price": 25974.9, "timestamp": "2025-12-29 10:00:06"}
    data = {INFY_TOKEN: traded, NIFTY_TOKEN: index, 12683010: never}
    body = {"data": {str(token): {"instrument_token": token, **fields} for token, fields in data.items()}}
    async with asked(answers(reply(body))) as (server, history):
        quotes = await history.quotes([INFY, NIFTY, NIFTY_FUT, *many(1)])

    moment = utc(2025, 12, 29, 4, 30)
    assert quotes == {
        "NSE:INFY": Quote(
            1650.3,
            moment + 5 * SECOND,
            1200,
            bid=1650.25,
            day_open=1640.0,
            day_high=1660.0,
            day_low=1630.0,
            previous_close=1635.5,
        ),
        "NSE:NIFTY": Quote(25974.9, moment + 6 * SECOND, None),
        NIFTY_FUT.instrument: Quote(0.0, None, 0, open_interest=350),
    }
    assert server.requests[0].path == "/v2/quote"


@pytest.mark.recorded
async def test_recorded_answers_to_price_calls_are_read(recordings: Path) -> None:
    price, quote = (Response(200, (recordings / f"kite/mocks/{name}.json").read_bytes()) for name in ("ltp", "quote"))
    async with asked(answers(price, quote)) as (_, history):
        assert await history.last_prices([INFY]) == {"NSE:INFY": 1074.35}
        assert await history.quotes([INFY]) == {
            "NSE:INFY": Quote(
                1412.95,
                utc(2021, 6, 8, 10, 15) + 52 * SECOND,
                7_360_198,
                ask=1412.95,
                day_open=1396.0,
                day_high=1421.75,
                day_low=1395.55,
                previous_close=1389.65,
            )
        }


async def test_no_more_are_asked_for_in_a_call_than_kite_allows() -> None:
    async def answer(server: RestServer, request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        tokens = [int(token) for _, token in request.pairs]
        return reply({"data": {str(token): {"instrument_token": token, "last_price": token >> 8} for token in tokens}})

    routes = many(1_201)
    async with asked(answer) as (server, history):
        prices, quotes = await history.last_prices(routes), await history.quotes(routes)

    assert [len(request.pairs) for request in server.requests] == [1000, 201, 500, 500, 201]
    assert prices == {route.instrument: float(route.security_id) for route in routes}
    assert len(quotes) == 1_201
