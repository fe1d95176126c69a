import logging
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
import trio

from engine.market.candle import Candle, CandleState
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryStatistics, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.rest import DhanHistory, DhanLimits
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.http import Request, Response
from tests.providers.dhan.routes import ABB, HDFCBANK, NIFTY, NIFTY_FUT, SECOND
from tests.providers.rest_server import Answer, RestServer, answers, dripping, hang, reply, serve

TOKEN = "eyJ0eXAi.canary-token"
MINUTE = 60 * SECOND
FAST = DhanLimits(charts_per_second=1000, prices_per_second=1000)
IMPATIENT = msgspec.structs.replace(FAST, timeout_s=0.5)
"""For servers that do not answer: another one may be late on a machine that does much else."""
ONCE = RetryPolicy(attempts=1)
EAGER = RetryPolicy(attempts=3, initial_s=0.01)


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND  # pyright: ignore[reportArgumentType]


OPEN = utc(2025, 12, 29, 3, 45)
"""09:15 in India."""


def history_at(url: str, *, retry: RetryPolicy = ONCE, limits: DhanLimits = FAST) -> DhanHistory:
    credentials = Keyring.holding("dhan", "1100012345", TOKEN)
    return DhanHistory(credentials, DhanEndpoints(rest_url=url), limits=limits, retry=retry, jitter=lambda: 0.0)


@asynccontextmanager
async def asked(answer: Answer, **options: Any) -> AsyncGenerator[tuple[RestServer, DhanHistory]]:
    async with serve(answer) as server:
        history = history_at(server.url, **options)
        try:
            yield server, history
        finally:
            history.close()


def chart(*bars: tuple[int, float | None, float, float, float, float], **columns: list[float]) -> Response:
    times, opens, highs, lows, closes, volumes = zip(*bars, strict=True) if bars else ((),) * 6
    body = {"open": opens, "high": highs, "low": lows, "close": closes, "volume": volumes}
    return reply(body | {"timestamp": [time // SECOND for time in times]} | columns)


BAR = (OPEN, 1650.2999, 1651.0, 1649.0, 1650.0, 1200)
NO_DATA = reply({"errorType": "Data_Error", "errorCode": "DH-907", "errorMessage": "no data"}, 400)
BUSY = reply(
    {"errorType": "Rate_Limit", "errorCode": "DH-904", "errorMessage": "too many"}, 429, {"Retry-After": "0.2"}
)


async def test_minutes_are_asked_for_as_documented_and_come_back_as_candles() -> None:
    async with asked(answers(chart(BAR, open_interest=[0]))) as (server, history):
        candles = await history.minutes(HDFCBANK, OPEN, OPEN + 5 * MINUTE)

    assert candles == [
        Candle("NSE:HDFCBANK", "1m", OPEN, 1650.3, 1651.0, 1649.0, 1650.0, 1200, 0, CandleState.FINAL, source="dhan")
    ]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v2/charts/intraday")
    assert (request.headers["access-token"], request.headers["client-id"]) == (TOKEN, "1100012345")
    assert server.bodies[0] == {
        "securityId": "1333",
        "exchangeSegment": "NSE_EQ",
        "instrument": "EQUITY",
        "interval": 1,
        "oi": False,
        "fromDate": "2025-12-29 09:15:00",
        "toDate": "2025-12-29 09:20:00",
        "dhanClientId": "1100012345",
    }


async def test_a_derivative_is_asked_for_with_its_open_interest() -> None:
    answer = answers(chart((OPEN, 25974.9, 25975, 25970, 25971, 75), open_interest=[11_148_150]))
    async with asked(answer) as (server, history):
        (candle,) = await history.minutes(NIFTY_FUT, OPEN, OPEN + MINUTE)

    assert candle.open_interest == 11_148_150
    assert (server.bodies[0]["instrument"], server.bodies[0]["oi"]) == ("FUTIDX", True)


async def test_only_bars_of_the_range_are_given_oldest_first() -> None:
    bars = [(OPEN + minute * MINUTE, *BAR[1:]) for minute in (3, 2, 1, 0, -1, 1)]
    async with asked(answers(chart(*bars))) as (_, history):
        candles = await history.minutes(HDFCBANK, OPEN, OPEN + 3 * MINUTE)

    assert [candle.time for candle in candles] == [OPEN, OPEN + MINUTE, OPEN + 2 * MINUTE]


async def test_no_data_is_no_failure() -> None:
    async with asked(answers(NO_DATA)) as (_, history):
        assert await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE) == []
        assert await history.days(HDFCBANK, date(2025, 12, 1), date(2025, 12, 29)) == []
        assert await history.last_prices([HDFCBANK]) == {}
    assert history.statistics() == HistoryStatistics(calls=3)


async def test_a_long_range_is_asked_for_in_pieces_of_ninety_days() -> None:
    start = utc(2025, 1, 1)
    async with asked(answers(chart())) as (server, history):
        await history.minutes(HDFCBANK, start, start + 200 * 86_400 * SECOND + 1)

    assert [(body["fromDate"], body["toDate"]) for body in server.bodies] == [
        ("2025-01-01 05:30:00", "2025-04-01 05:30:00"),
        ("2025-04-01 05:30:00", "2025-06-30 05:30:00"),
        ("2025-06-30 05:30:00", "2025-07-20 05:30:01"),
    ]


async def test_every_timeframe_dhan_has_is_asked_for_by_its_minutes() -> None:
    async with asked(answers(chart(BAR))) as (server, history):
        for timeframe in ("1m", "5m", "15m", "1h"):
            (candle,) = await history.candles(HDFCBANK, timeframe, OPEN, OPEN + 60 * MINUTE)
            assert (candle.timeframe, candle.time, candle.source) == (timeframe, OPEN, "dhan")

    assert [body["interval"] for body in server.bodies] == [1, 5, 15, 60]


async def test_candles_of_days_are_those_whose_midnights_lie_in_the_range() -> None:
    midnights = [utc(2025, 12, day, 18, 30) for day in (24, 25, 28)]
    async with asked(answers(chart(*((midnight, *BAR[1:]) for midnight in midnights)))) as (server, history):
        candles = await history.candles(HDFCBANK, "1d", midnights[0] + 1, midnights[2])

    assert [candle.time for candle in candles] == [midnights[1]]
    assert (server.bodies[0]["fromDate"], server.bodies[0]["toDate"]) == ("2025-12-25", "2025-12-29")


@pytest.mark.parametrize("timeframe", ["30m", "4h"])
async def test_a_timeframe_dhan_does_not_have_is_refused_without_asking(timeframe: str) -> None:
    async with asked(answers(chart(BAR))) as (server, history):
        assert not history.limits.offers(timeframe)
        with pytest.raises(ProviderError, match="shorter") as refused:
            await history.candles(HDFCBANK, timeframe, OPEN, OPEN + MINUTE)

    assert refused.value.advice is Advice.FIX_REQUEST
    assert server.requests == []


def test_the_limits_tell_how_far_back_asking_makes_sense() -> None:
    history = history_at("http://127.0.0.1:9", limits=DhanLimits())
    day = 86_400 * SECOND

    assert {tf for tf in ("1m", "5m", "15m", "30m", "1h", "4h", "1d") if history.limits.offers(tf)} == {
        "1m",
        "5m",
        "15m",
        "1h",
        "1d",
    }
    assert history.limits.oldest_ns("1m", OPEN) == OPEN - 5 * 365 * day
    assert history.limits.oldest_ns("1d", OPEN) == 0
    assert (history.limits.days_per_call, history.limits.calls_per_second) == (90, 5.0)


async def test_an_empty_range_asks_nothing() -> None:
    async with asked(answers(chart())) as (server, history):
        assert await history.minutes(HDFCBANK, OPEN, OPEN) == []
        assert await history.days(HDFCBANK, date(2025, 12, 29), date(2025, 12, 28)) == []
        assert await history.last_prices([]) == {}
    assert server.requests == []


async def test_days_are_asked_for_to_the_day_after_and_begin_at_indian_midnight() -> None:
    midnights = [utc(2025, 12, day, 18, 30) for day in (25, 28, 29)]
    answer = answers(chart(*((midnight, *BAR[1:]) for midnight in midnights)))
    async with asked(answer) as (server, history):
        candles = await history.days(HDFCBANK, date(2025, 12, 26), date(2025, 12, 29))

    assert [(candle.time, candle.timeframe) for candle in candles] == [(midnights[0], "1d"), (midnights[1], "1d")]
    (body,) = server.bodies
    assert (body["fromDate"], body["toDate"], body["expiryCode"]) == ("2025-12-26", "2025-12-30", 0)


async def test_bars_without_prices_are_counted_and_passed_over() -> None:
    bars = [BAR, (OPEN + MINUTE, None, 1, 1, 1, 1), (OPEN + 2 * MINUTE, 0, 1, 1, 1, 1)]
    async with asked(answers(chart(*bars))) as (_, history):
        candles = await history.minutes(HDFCBANK, OPEN, OPEN + 5 * MINUTE)

    assert len(candles) == 1
    assert history.statistics().bars_skipped == 2


UNREADABLE = [
    reply({"open": [1.0]}),
    reply({"open": [1], "high": [1], "low": [1], "close": [1], "volume": [1], "timestamp": [1, 2]}),
    reply({"open": ["x"], "high": [1], "low": [1], "close": [1], "volume": [1], "timestamp": [1]}),
    reply([1, 2, 3]),
    reply("nothing"),
    Response(200, b"<html>maintenance</html>"),
    Response(200, b"\xff\xfe"),
]


@pytest.mark.parametrize("response", UNREADABLE)
async def test_an_answer_of_another_form_invites_another_try(response: Response) -> None:
    async with asked(answers(response, chart(BAR)), retry=EAGER) as (server, history):
        assert len(await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)) == 1
    assert len(server.requests) == 2


def error(status: int, code: str | None = None, headers: dict[str, str] | None = None) -> Response:
    body = {} if code is None else {"errorType": "x", "errorCode": code, "errorMessage": "x"}
    return reply(body, status, headers)


def data_error(status: int, code: str) -> Response:
    return reply({"data": {code: "some text"}, "status": "failed"}, status)


FAILURES = [
    (error(401, "DH-901"), Advice.NEW_TOKEN, None, "DH-901"),
    (error(401), Advice.NEW_TOKEN, None, "401"),
    (error(403), Advice.NEW_TOKEN, None, "403"),
    (error(403, "DH-902"), Advice.GIVE_UP, None, "DH-902"),
    (error(400, "DH-903"), Advice.GIVE_UP, None, "DH-903"),
    (error(429, "DH-904"), Advice.WAIT, 5.0, "DH-904"),
    (error(429, "DH-904", {"Retry-After": "2.5"}), Advice.WAIT, 2.5, "DH-904"),
    (error(429, None, {"Retry-After": "7"}), Advice.WAIT, 7.0, "429"),
    (error(400, "DH-905"), Advice.FIX_REQUEST, None, "DH-905"),
    (error(500, "DH-908"), Advice.RETRY, None, "DH-908"),
    (error(400, "DH-999"), Advice.RETRY, None, "DH-999"),
    (error(404), Advice.FIX_REQUEST, None, "404"),
    (error(502), Advice.RETRY, None, "502"),
    (data_error(401, "807"), Advice.NEW_TOKEN, None, "807"),
    (data_error(400, "810"), Advice.GIVE_UP, None, "810"),
    (data_error(400, "814"), Advice.FIX_REQUEST, None, "814"),
    (data_error(200, "806"), Advice.GIVE_UP, None, "806"),
    (data_error(400, "805"), Advice.WAIT, 60.0, "805"),
    (Response(503, b"<html>"), Advice.RETRY, None, "503"),
    (Response(302, b"", {"Location": "http://127.0.0.1:1/"}), Advice.RETRY, None, None),
]


@pytest.mark.parametrize(("response", "advice", "wait_s", "code"), FAILURES)
async def test_each_failure_is_told_with_what_to_do_about_it(
    response: Response, advice: Advice, wait_s: float | None, code: str | None
) -> None:
    async with asked(answers(response)) as (_, history):
        with pytest.raises(ProviderError) as raised:
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)

    assert (raised.value.advice, raised.value.wait_s, raised.value.code) == (advice, wait_s, code)
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("first", [error(500, "DH-908"), Response(503, b""), BUSY])
async def test_what_is_worth_another_try_gets_it(first: Response) -> None:
    async with asked(answers(first, chart(BAR)), retry=EAGER) as (_, history):
        assert len(await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)) == 1
    assert history.statistics() == HistoryStatistics(calls=2, failures=1)


async def test_tries_come_to_an_end() -> None:
    async with asked(answers(error(500)), retry=EAGER) as (server, history):
        with pytest.raises(ProviderError, match="500"):
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)
    assert len(server.requests) == 3


async def test_what_will_fail_again_is_not_tried_again() -> None:
    async with asked(answers(error(401, "DH-901")), retry=EAGER) as (server, history):
        with pytest.raises(ProviderError):
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)
    assert len(server.requests) == 1


async def test_one_refused_call_holds_the_others() -> None:
    async with asked(answers(BUSY, chart(BAR)), retry=EAGER) as (_, history):
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(history.minutes, HDFCBANK, OPEN, OPEN + MINUTE)
            await trio.sleep(0.1)
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)
            assert trio.current_time() - start > 0.19


async def test_the_documented_rate_is_kept() -> None:
    limits = DhanLimits(charts_per_second=20)
    async with asked(answers(chart(BAR)), limits=limits) as (server, history):
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(history.minutes, HDFCBANK, OPEN, OPEN + MINUTE)
        assert trio.current_time() - start > 0.24
    assert len(server.requests) == 6


async def test_nobody_there_invites_another_try() -> None:
    async with serve(answers(chart())) as server:
        url = server.url
    history = history_at(url)

    with pytest.raises(ProviderError, match="can not be reached") as raised:
        await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)

    assert raised.value.advice is Advice.RETRY
    history.close()


async def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    async with asked(hang, limits=IMPATIENT) as (_, history):
        with trio.fail_after(3), pytest.raises(ProviderError, match="can not be reached") as raised:
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)

    assert raised.value.advice is Advice.RETRY


async def test_a_server_that_drips_is_given_up_in_time() -> None:
    async with dripping() as url:
        history = history_at(url, limits=IMPATIENT)
        with trio.fail_after(5), pytest.raises(ProviderError, match="did not answer within"):
            await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)
    await threads_done(history)


def borrowed(history: DhanHistory) -> int:
    """The threads that wait for an answer."""
    lanes = history._charts, history._prices  # pyright: ignore[reportPrivateUsage]
    return sum(lane.threads.borrowed_tokens for lane in lanes)


async def threads_done(history: DhanHistory) -> None:
    """Abandoned threads end by themselves, and give their places back."""
    with trio.fail_after(5):
        while borrowed(history):
            await trio.sleep(0.02)
    history.close()


async def test_prices_that_hang_hold_up_no_chart() -> None:
    """They shared two threads: two prices that nobody waited for any more kept all healing waiting for 45 s."""

    async def answer(server: RestServer, request: Request) -> Response:
        if "marketfeed" in request.path:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return chart(BAR)

    async with asked(answer, limits=DhanLimits(1000, prices_per_second=1000, timeout_s=10)) as (server, history):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(history.last_prices, [HDFCBANK])
            with trio.fail_after(5):
                while len(server.requests) < 2:
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        assert borrowed(history) == 2
        assert len(await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)) == 1
        assert borrowed(history) == 2, "they wait still"
    await threads_done(history)


async def test_a_cancelled_caller_does_not_wait_for_its_thread() -> None:
    async with asked(hang) as (server, history):
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(history.minutes, HDFCBANK, OPEN, OPEN + MINUTE)
                with trio.fail_after(5):
                    while not server.requests:
                        await trio.sleep(0.01)
                scope.cancel()
        assert scope.cancelled_caught
        assert borrowed(history) == 1, "it still waits for the answer"
        assert len(server.requests) == 1
    await threads_done(history)


async def test_last_prices_come_by_name_and_unknown_ones_are_absent() -> None:
    body = {
        "data": {
            "NSE_EQ": {"1333": {"last_price": 1650.2999}, "99": {"last_price": 5}, "13": {"last_price": 0}},
            "IDX_I": {"13": {"last_price": 25974.9}},
        },
        "status": "success",
    }
    async with asked(answers(reply(body))) as (server, history):
        prices = await history.last_prices([HDFCBANK, NIFTY, NIFTY_FUT, ABB])

    assert prices == {"NSE:HDFCBANK": 1650.3, "NSE:NIFTY": 25974.9}
    assert server.requests[0].path == "/v2/marketfeed/ltp"
    assert server.bodies[0] == {
        "NSE_EQ": [1333, 13],
        "IDX_I": [13],
        "NSE_FNO": [49543],
        "dhanClientId": "1100012345",
    }


async def test_quotes_tell_when_the_last_trade_was_and_unknown_instruments_are_absent() -> None:
    never = {"last_price": 0, "last_trade_time": "01/01/1980 00:00:00", "volume": 0}
    body = {
        "data": {
            "NSE_EQ": {"1333": {"last_price": 1650.3, "last_trade_time": "29/12/2025 10:00:05", "volume": 1200}},
            "NSE_FNO": {"49543": never},
        },
        "status": "success",
    }
    async with asked(answers(reply(body))) as (server, history):
        quotes = await history.quotes([HDFCBANK, NIFTY, NIFTY_FUT])

    assert quotes == {
        "NSE:HDFCBANK": Quote(1650.3, utc(2025, 12, 29, 4, 30) + 5 * SECOND, 1200),
        NIFTY_FUT.instrument: Quote(0.0, None, 0),
    }
    assert server.requests[0].path == "/v2/marketfeed/quote"


async def test_quotes_tell_the_day_and_the_best_prices_on_the_instruments_grid() -> None:
    rows = {"buy": [{"price": 25974.8999}, {"price": 25974}], "sell": [{"price": 25975.1001}]}
    day = {"open": 25900, "close": 26060.2, "high": 26001, "low": 0}
    told = {"last_price": 25975.0001, "volume": 75, "oi": 11148150, "ohlc": day, "depth": rows}
    async with asked(answers(reply({"data": {"NSE_FNO": {"49543": told}}, "status": "success"}))) as (_, history):
        quotes = await history.quotes([NIFTY_FUT])

    [quote] = quotes.values()
    assert (quote.price, quote.bid, quote.ask, quote.open_interest) == (25975.0, 25974.9, 25975.1, 11148150)
    assert (quote.day_open, quote.day_high, quote.day_low, quote.previous_close) == (25900.0, 26001.0, None, 26060.2)


async def test_at_most_a_thousand_prices_are_asked_for_in_a_call() -> None:
    routes = [Route(f"NSE:S{number}", "NSE_EQ", str(number), 0.05, "equity") for number in range(1, 2502)]

    async def answer(server: RestServer, _request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        ids = server.bodies[-1]["NSE_EQ"]
        return reply({"data": {"NSE_EQ": {str(number): {"last_price": number} for number in ids}}})

    async with asked(answer) as (server, history):
        prices = await history.last_prices(routes)

    assert [len(body["NSE_EQ"]) for body in server.bodies] == [1000, 1000, 501]
    assert prices == {route.instrument: float(route.security_id) for route in routes}


async def test_the_package_leaves_the_root_logger_alone(caplog: pytest.LogCaptureFixture) -> None:
    handlers = list(logging.getLogger().handlers)

    with caplog.at_level(logging.DEBUG):
        async with asked(answers(Response(200, b"no json"))) as (_, history):
            with pytest.raises(ProviderError):
                await history.minutes(HDFCBANK, OPEN, OPEN + MINUTE)

    assert logging.getLogger().handlers == handlers
    assert not [record for record in caplog.records if record.name in ("root", "dhanhq")]
    assert "canary" not in caplog.text
