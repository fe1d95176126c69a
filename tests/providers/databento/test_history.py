import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import databento_dbn as dbn
import pytest
import zstandard

from engine.market.candle import Candle, CandleState
from engine.market.quote import Quote
from engine.providers.base import Advice, HistoryStatistics, ProviderError, Route
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.answers import BarReader
from engine.providers.databento.history import DatabentoHistory, DatabentoLimits
from engine.providers.keyring import Credential, Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.secret import Secret
from engine.providers.simulator.http import Request, Response
from tests.providers.databento.streams import APPLE, GOLD, MINUTE, NOW, SECOND, SILVER, bar
from tests.providers.rest_server import Answer, RestServer, answers, reply, serve

KEY = "db-canary-0123456789abcdefGHIJK"
HOUR = 60 * MINUTE
FAST = DatabentoLimits(calls_per_second=1000, timeout_s=3.0, silence_s=0.5)
ONCE = RetryPolicy(attempts=1)
EAGER = RetryPolicy(attempts=3, initial_s=0.01)
PRICES = (4081.5, 4082.0, 4080.9, 4081.2)


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * SECOND  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def asked(answer: Answer, retry: RetryPolicy = ONCE) -> AsyncGenerator[tuple[RestServer, DatabentoHistory]]:
    async with serve(answer) as server:
        history = DatabentoHistory(
            Keyring("databento", Credential("databento", Secret(KEY))),
            DatabentoEndpoints(rest_url=server.url.replace("/v2", "/v0")),
            limits=FAST,
            retry=retry,
            clock=lambda: NOW,
            jitter=lambda: 0.0,
        )
        try:
            yield server, history
        finally:
            history.close()


def head(**numbers: int) -> bytes:
    day = datetime(2026, 11, 20, tzinfo=UTC).date()
    mappings = [
        SimpleNamespace(
            raw_symbol=symbol.replace("_", "."),
            intervals=[SimpleNamespace(start_date=day, end_date=day, symbol=str(number))],
        )
        for symbol, number in numbers.items()
    ]
    return dbn.Metadata(
        dataset="GLBX.MDP3",
        start=0,
        stype_in=dbn.SType.CONTINUOUS,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.OHLCV_1M,
        mappings=mappings,
    ).encode()


def answer_of(*bars: bytes, packed: bool = True, **numbers: int) -> Response:
    body = head(**numbers or {"GC_c_0": 7}) + b"".join(bars)
    return Response(200, zstandard.ZstdCompressor().compress(body) if packed else body)


def form_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode()))


@pytest.mark.parametrize("packed", [True, False])
async def test_minutes_are_asked_for_as_documented_and_come_back_as_candles(packed: bool) -> None:
    bars = [bar(7, NOW + n * MINUTE, PRICES, 100 + n) for n in range(3)]
    async with asked(answers(answer_of(*bars, packed=packed))) as (server, history):
        candles = await history.minutes(GOLD, NOW, NOW + 2 * MINUTE)

    assert candles == [
        Candle("COMEX:GC", "1m", NOW + n * MINUTE, *PRICES, 100 + n, None, CandleState.FINAL, source="databento")
        for n in range(2)
    ]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v0/timeseries.get_range")
    assert request.headers["authorization"].startswith("Basic ")
    assert form_of(request) == {
        "dataset": "GLBX.MDP3",
        "symbols": "GC.c.0",
        "schema": "ohlcv-1m",
        "stype_in": "continuous",
        "stype_out": "instrument_id",
        "start": str(NOW),
        "end": str(NOW + 2 * MINUTE),
        "encoding": "dbn",
        "compression": "zstd",
    }


async def test_bars_without_prices_are_left_out_and_counted() -> None:
    empty = bytes(dbn.OHLCVMsg(dbn.RType.OHLCV_1M, 1, 7, NOW, *[dbn.UNDEF_PRICE] * 4, 0))
    async with asked(answers(answer_of(empty, bar(7, NOW + MINUTE, PRICES, 1)))) as (_, history):
        assert len(await history.minutes(GOLD, NOW, NOW + HOUR)) == 1
    assert history.statistics() == HistoryStatistics(calls=1, bars_skipped=1)


async def test_a_long_range_is_asked_for_in_pieces() -> None:
    async with asked(answers(answer_of())) as (server, history):
        await history.candles(APPLE, "1h", NOW, NOW + 200 * 24 * HOUR)

    forms = [form_of(request) for request in server.requests]
    assert [(int(form["end"]) - int(form["start"])) // (24 * HOUR) for form in forms] == [90, 90, 20]
    assert {(form["dataset"], form["schema"], form["stype_in"]) for form in forms} == {
        ("EQUS.MINI", "ohlcv-1h", "raw_symbol")
    }


def out_of_range(case: str, **payload: str) -> Response:
    return reply({"detail": {"case": case, "message": "no", "status_code": 422, "payload": payload}}, 422)


async def test_what_the_record_does_not_have_yet_is_left_out() -> None:
    beyond = out_of_range("data_end_after_available_end", available_end="2026-11-20T15:00:00.000000000Z")
    async with asked(answers(beyond, answer_of(bar(7, NOW - HOUR, PRICES, 5)))) as (server, history):
        (candle,) = await history.minutes(GOLD, NOW - HOUR, NOW)

    assert candle.volume == 5
    assert form_of(server.requests[1])["end"] == str(utc(2026, 11, 20, 15))
    assert history.statistics().failures == 0


async def test_what_is_wholly_beyond_the_record_is_nothing() -> None:
    beyond = out_of_range("data_start_after_available_end", available_end="2026-11-19T00:00:00Z")
    async with asked(answers(beyond)) as (server, history):
        assert await history.minutes(GOLD, NOW - HOUR, NOW) == []
    assert len(server.requests) == 1


async def test_what_was_before_the_record_is_left_out() -> None:
    before = out_of_range("data_start_before_available_start", available_start="2026-11-20T15:10:00Z")
    async with asked(answers(before, answer_of())) as (server, history):
        await history.minutes(GOLD, NOW - HOUR, NOW)
    assert form_of(server.requests[1])["start"] == str(utc(2026, 11, 20, 15, 10))


async def test_what_the_licence_does_not_cover_is_left_out() -> None:
    unlicensed = reply(
        {
            "detail": {
                "case": "dataset_unavailable_range",
                "message": "Try again with an end time before 2026-11-20T15:00:00Z.",
            }
        },
        403,
    )
    async with asked(answers(unlicensed, answer_of())) as (server, history):
        await history.minutes(GOLD, NOW - HOUR, NOW)
    assert form_of(server.requests[1])["end"] == str(utc(2026, 11, 20, 15))


FAILURES = [
    (401, {"detail": {"case": "auth_authentication_failed", "message": "x"}}, Advice.NEW_TOKEN),
    (402, {"detail": "Payment required"}, Advice.GIVE_UP),
    (403, {"detail": {"case": "license_not_found_unauthorized", "message": "x"}}, Advice.GIVE_UP),
    (404, {}, Advice.FIX_REQUEST),
    (422, {"detail": {"case": "symbology_invalid_symbol", "message": "x"}}, Advice.FIX_REQUEST),
    (429, {}, Advice.WAIT),
    (500, {}, Advice.RETRY),
    (504, {}, Advice.RETRY),
]


@pytest.mark.parametrize(("status", "body", "advice"), FAILURES)
async def test_a_refused_call_is_told_with_what_to_do_about_it(status: int, body: Any, advice: Advice) -> None:
    async with asked(answers(reply(body, status, {"Retry-After": "7"}))) as (_, history):
        with pytest.raises(ProviderError, match=str(status)) as raised:
            await history.minutes(GOLD, NOW, NOW + MINUTE)
    assert raised.value.advice is advice
    assert raised.value.wait_s == 7.0
    assert "canary" not in "".join(traceback.format_exception(raised.value))


async def test_a_passing_failure_is_tried_again() -> None:
    busy = reply({}, 429, {"Retry-After": "0.1"})
    async with asked(answers(reply({}, 503), busy, answer_of(bar(7, NOW, PRICES, 1))), EAGER) as (_, history):
        assert len(await history.minutes(GOLD, NOW, NOW + MINUTE)) == 1
    assert history.statistics() == HistoryStatistics(calls=3, failures=2)


BROKEN: list[Callable[[], bytes]] = [
    lambda: b"<html>sorry</html>",
    lambda: zstandard.ZstdCompressor().compress(b"no dbn at all"),
    lambda: b"\x28\xb5\x2f\xfd" + b"rubbish" * 10,
    lambda: head() + bar(7, NOW, PRICES, 1)[:30],
    lambda: head()[:50],
    lambda: head() + bytes(64),
]


@pytest.mark.parametrize("body", BROKEN)
async def test_an_answer_that_is_none_is_a_failure(body: Callable[[], bytes]) -> None:
    async with asked(answers(Response(200, body()))) as (_, history):
        with pytest.raises(ProviderError, match="answer") as raised:
            await history.minutes(GOLD, NOW, NOW + MINUTE)
    assert raised.value.advice is Advice.RETRY


async def test_a_service_that_is_not_there_invites_another_try() -> None:
    async with asked(answers(answer_of())) as (_, history):
        pass
    with pytest.raises(ProviderError, match="can not be reached") as raised:
        await history.minutes(GOLD, NOW, NOW + MINUTE)
    assert raised.value.advice is Advice.RETRY


async def test_a_future_s_day_is_its_session_and_not_londons_day() -> None:
    hours = [utc(2026, 11, 18, 22) + n * HOUR for n in range(60)]  # 17:00 in Chicago is 23:00 UTC
    bars = [bar(7, time_ns, (100.0 + n, 101.0 + n, 99.0 + n, 100.5 + n), 10, 34) for n, time_ns in enumerate(hours)]
    async with asked(answers(answer_of(*bars))) as (server, history):
        (day,) = await history.days(GOLD, date(2026, 11, 19), date(2026, 11, 19))

    form = form_of(server.requests[0])
    assert form["schema"] == "ohlcv-1h"
    assert (int(form["start"]), int(form["end"])) == (utc(2026, 11, 18, 23), utc(2026, 11, 19, 22))
    assert (day.timeframe, day.time) == ("1d", utc(2026, 11, 19, 6))  # Chicago's midnight
    assert (day.open, day.high, day.low, day.close, day.volume) == (101.0, 124.0, 100.0, 123.5, 230)


async def test_a_share_s_day_is_what_was_traded_between_the_bells() -> None:
    minutes = [utc(2026, 11, 19, 14, 0) + n * MINUTE for n in range(60)]  # New York opens at 14:30 UTC
    bars = [bar(10, time_ns, (200.0 + n,) * 4, 1) for n, time_ns in enumerate(minutes)]
    async with asked(answers(answer_of(*bars, AAPL=10))) as (server, history):
        (day,) = await history.candles(APPLE, "1d", utc(2026, 11, 19), utc(2026, 11, 20))

    assert form_of(server.requests[0])["schema"] == "ohlcv-1m"
    assert (day.time, day.open, day.close, day.volume) == (utc(2026, 11, 19, 5), 230.0, 259.0, 30)


async def test_on_a_holiday_nobody_is_asked() -> None:
    async with asked(answers(answer_of())) as (server, history):
        assert await history.days(APPLE, date(2026, 12, 25), date(2026, 12, 25)) == []
        assert await history.candles(APPLE, "1d", utc(2026, 11, 19, 7), utc(2026, 11, 19, 8)) == []
    assert server.requests == []


async def test_a_timeframe_that_is_not_offered_is_refused() -> None:
    async with asked(answers(answer_of())) as (_, history):
        assert not history.limits.offers("5m")
        with pytest.raises(ProviderError, match="5m") as raised:
            await history.candles(GOLD, "5m", NOW, NOW + HOUR)
    assert raised.value.advice is Advice.FIX_REQUEST


async def test_the_last_trade_is_that_of_the_last_second_or_else_of_the_last_hour() -> None:
    seconds = [bar(7, NOW - 20 * SECOND, (1.0, 1.0, 1.0, 4081.0), 1, 32), bar(7, NOW - SECOND, PRICES, 1, 32)]
    hours = [bar(8, NOW - 5 * HOUR, (1.0, 1.0, 1.0, 50.5), 1, 34)]
    async with asked(answers(answer_of(*seconds, GC_c_0=7, SI_c_0=8), answer_of(*hours, SI_c_0=8))) as (
        server,
        history,
    ):
        quotes = await history.quotes([GOLD, SILVER])

    assert quotes == {
        "COMEX:GC": Quote(4081.2, NOW - SECOND),
        "COMEX:SI": Quote(50.5, NOW - 5 * HOUR),
    }
    assert [(form_of(r)["schema"], form_of(r)["symbols"]) for r in server.requests] == [
        ("ohlcv-1s", "GC.c.0,SI.c.0"),
        ("ohlcv-1h", "SI.c.0"),
    ]


async def test_last_prices_of_a_delayed_account_are_those_at_the_end_of_its_record() -> None:
    beyond = out_of_range("data_end_after_available_end", available_end="2026-11-20T15:00:00Z")
    answer = answer_of(bar(7, utc(2026, 11, 20, 14, 59), PRICES, 1, 32), GC_c_0=7)
    strange = Route("NSE:RELIANCE", "NSE", "RELIANCE.NS", 0.05, "equity")
    async with asked(answers(beyond, answer)) as (server, history):
        assert await history.last_prices([GOLD, strange]) == {"COMEX:GC": 4081.2}

    form = form_of(server.requests[1])
    assert (int(form["start"]), int(form["end"])) == (utc(2026, 11, 20, 14, 55), utc(2026, 11, 20, 15))


FILES = {
    "EQUS.MINI/test_data.ohlcv-1m.dbn.zst": ("1m", "QQQ"),
    "GLBX.MDP3/test_data.ohlcv-1h.dbn.zst": ("1h", "ESH1"),
    "XNAS.ITCH/test_data.ohlcv-1m.dbn.zst": ("1m", "NVDA"),
}


@pytest.mark.recorded
@pytest.mark.parametrize(("name", "timeframe", "symbol"), [(name, *what) for name, what in FILES.items()])
async def test_recorded_bars_come_through_the_historical_path(
    recordings: Path, name: str, timeframe: str, symbol: str
) -> None:
    packed = (recordings / "databento" / name).read_bytes()
    vendor = dbn.DBNDecoder(compression=dbn.Compression.ZSTD).write_and_decode(packed)
    bars = [record for record in vendor if isinstance(record, dbn.OHLCVMsg)]
    segment = "CME" if symbol == "ESH1" else "NASDAQ"
    route = Route(f"{segment}:{symbol}", segment, symbol, 0.01, "future")
    async with asked(answers(Response(200, packed))) as (_, history):
        candles = await history.candles(route, timeframe, bars[0].ts_event, bars[-1].ts_event + 1)

    assert [(c.time, c.open, c.high, c.low, c.close, c.volume) for c in candles] == [
        (b.ts_event, b.pretty_open, b.pretty_high, b.pretty_low, b.pretty_close, b.volume) for b in bars
    ]


@pytest.mark.recorded
@pytest.mark.parametrize(("symbol", "number"), [("ESU4", 118), ("NQU4", 4358)])
async def test_of_a_recorded_file_of_two_futures_each_has_its_own_bars(
    recordings: Path, symbol: str, number: int
) -> None:
    name = "futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst"
    packed = (recordings / "databento" / name).read_bytes()
    vendor = dbn.DBNDecoder(compression=dbn.Compression.ZSTD).write_and_decode(packed)
    bars = [record for record in vendor if isinstance(record, dbn.OHLCVMsg) and record.instrument_id == number]
    route = Route(f"CME:{symbol}", "CME", symbol, 0.25, "future")
    async with asked(answers(Response(200, packed))) as (_, history):
        candles = await history.minutes(route, utc(2024, 7, 1, 23, 40), utc(2024, 7, 2, 0, 10))

    assert [(c.time, c.close, c.volume) for c in candles] == [(b.ts_event, b.pretty_close, b.volume) for b in bars]
    assert len(candles) == 30  # across midnight in London


@pytest.mark.recorded
@pytest.mark.parametrize("dataset", ["EQUS.MINI", "GLBX.MDP3", "XNAS.ITCH"])
@pytest.mark.parametrize("timeframe", ["1s", "1m", "1h", "1d"])
def test_recorded_bars_of_every_length_are_read_in_any_pieces(recordings: Path, dataset: str, timeframe: str) -> None:
    packed = (recordings / "databento" / dataset / f"test_data.ohlcv-{timeframe}.dbn.zst").read_bytes()
    vendor = dbn.DBNDecoder(compression=dbn.Compression.ZSTD).write_and_decode(packed)
    reader = BarReader(timeframe)
    for at in range(0, len(packed), 7):
        reader.take(packed[at : at + 7])
    reader.finish()

    assert reader.bars == [
        (b.instrument_id, b.ts_event, b.open, b.high, b.low, b.close, b.volume)
        for b in vendor
        if isinstance(b, dbn.OHLCVMsg)
    ]
    assert reader.bars
