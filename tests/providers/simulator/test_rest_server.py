"""The REST calls as dhanhq makes and understands them, and our own beside them."""

from collections.abc import Callable
from typing import Any

import dhanhq  # pyright: ignore[reportMissingTypeStubs]
import httpx
import pytest
import trio

from engine.providers.simulator.hours import MINUTE_NS, SECOND_NS
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from tests.providers.simulator.markets import HEADERS, at, get, place, place_of, post, simulator

START = at("2026-11-20 12:00:30")


def vendor(running: Simulator, *, token: str = SIMULATED_TOKEN) -> Any:
    context = dhanhq.DhanContext(SIMULATED_CLIENT_ID, token)
    wire = context.get_dhan_http()
    wire.base_url = running.rest_url
    wire.timeout = 10
    wire.session.trust_env = False
    return dhanhq.dhanhq(context)


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return await trio.to_thread.run_sync(lambda: function(*arguments, **named))


async def test_dhanhq_gets_minutes_of_the_day_before_the_start() -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        reply = await call(
            vendor(running).intraday_minute_data,
            "2885",
            "NSE_EQ",
            "EQUITY",
            "2026-11-20 11:00:00",
            "2026-11-20 11:59:59",
        )

        assert reply["status"] == "success"
        chart = reply["data"]
        expected = running.exchange.market.minutes(2, at("2026-11-20 11:00:00"), at("2026-11-20 12:00:00"))
        assert len(expected) == 60
        assert chart["timestamp"] == [candle.time // SECOND_NS for candle in expected]
        for field in ("open", "high", "low", "close", "volume"):
            assert chart[field] == [getattr(candle, field) for candle in expected]


async def test_dhanhq_gets_longer_intervals_and_open_interest() -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        index = place(running.exchange.market.listings, "future")
        future = running.exchange.market.listings[index]
        minutes = running.exchange.market.minutes(index, at("2026-11-20 11:00:00"), at("2026-11-20 11:05:00"))

        reply = await call(
            vendor(running).intraday_minute_data,
            str(future.security_id),
            "NSE_FNO",
            "FUTIDX",
            "2026-11-20 11:00:00",
            "2026-11-20 11:14:59",
            interval=5,
            oi=True,
        )

        chart = reply["data"]
        assert len(chart["timestamp"]) == 3
        assert chart["volume"][0] == sum(candle.volume for candle in minutes)
        assert chart["open_interest"][0] == minutes[-1].open_interest
        assert chart["open_interest"][0] > 0


async def test_dhanhq_gets_days_up_to_but_not_including_the_last() -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        reply = await call(
            vendor(running).historical_daily_data, "2885", "NSE_EQ", "EQUITY", "2026-11-16", "2026-11-20"
        )

        stamps = reply["data"]["timestamp"]
        assert stamps == [at(f"2026-11-{day} 00:00:00") // SECOND_NS for day in (16, 17, 18, 19)]


async def test_dhanhq_gets_prices_of_many_instruments_at_once() -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        api = vendor(running)
        wanted = {"NSE_EQ": [2885, 1333, 999_999], "IDX_I": [13]}

        prices = (await call(api.ticker_data, dict(wanted)))["data"]["data"]
        days = (await call(api.ohlc_data, dict(wanted)))["data"]["data"]
        quotes = (await call(api.quote_data, dict(wanted)))["data"]["data"]

        assert set(prices["NSE_EQ"]) == {"2885", "1333"}
        trade = running.exchange.market.last(2, START)
        assert trade is not None
        assert days["NSE_EQ"]["2885"]["ohlc"]["close"] == trade.previous_close
        quote = quotes["NSE_EQ"]["2885"]
        assert quote["volume"] >= trade.volume
        assert quote["last_trade_time"].startswith("20/11/2026 12:00:")
        assert len(quote["depth"]["buy"]) == len(quote["depth"]["sell"]) == 5
        assert prices["IDX_I"]["13"]["last_price"] > 20_000


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("999999", "NSE_EQ", "EQUITY", "2026-11-20", "2026-11-20"), "DH-907"),
        (("2885", "NSE_EQ", "EQUITY", "2030-01-01", "2030-01-02"), "DH-907"),
        (("2885", "NSE_EQ", "FUTIDX", "2026-11-20", "2026-11-20"), "DH-905"),
        (("2885", "NSE_EQ", "EQUITY", "yesterday", "2026-11-20"), "DH-905"),
        (("2885", "NSE_EQ", "EQUITY", "2026-01-01", "2026-11-20"), "DH-905"),
        ((2885, "NSE_EQ", "EQUITY", "2026-11-20", "2026-11-20"), "DH-905"),
        (("2885", "NSE_EQ", "EQUITY", "2026-11-20", "2026-11-20", 7), "DH-905"),
    ],
)
async def test_dhanhq_gets_dhans_own_errors(arguments: tuple[Any, ...], code: str) -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        reply = await call(vendor(running).intraday_minute_data, *arguments)

        assert reply["status"] == "failure"
        assert reply["remarks"]["error_code"] == code


async def test_a_wrong_token_is_not_answered() -> None:
    async with simulator(instruments=3) as running:
        reply = await call(vendor(running, token="wrong").ticker_data, {"NSE_EQ": [2885]})

        assert reply["remarks"]["error_code"] == "DH-901"


async def test_too_many_calls_are_told_when_to_come_back() -> None:
    async with simulator(instruments=3, rate_limits=True) as running:
        replies = [await post(running, "/v2/marketfeed/ltp", {"NSE_EQ": [2885]}) for _ in range(2)]

        assert [reply.status_code for reply in replies] == [200, 429]
        assert replies[1].headers["Retry-After"] == "1"
        assert replies[1].json()["errorCode"] == "DH-904"


@pytest.mark.parametrize(
    ("fault", "status", "code"), [("429=3", 429, "DH-904"), ("refuse", 401, "DH-901"), ("error", 500, "DH-908")]
)
async def test_faults_reach_the_vendors_calls_but_not_our_own(fault: str, status: int, code: str) -> None:
    async with simulator(instruments=3, faults=fault) as running:
        reply = await post(running, "/v2/marketfeed/ltp", {"NSE_EQ": [2885]})

        assert (reply.status_code, reply.json()["errorCode"]) == (status, code)
        assert (await get(running, "/health"))["status"] == "ok"


async def test_instruments_are_told_with_all_that_seeding_needs() -> None:
    async with simulator(instruments=60) as running:
        listed = {item["instrument"]: item for item in await get(running, "/instruments")}

    option = next(item for item in listed.values() if item["kind"] == "option")
    assert listed["NSE:RELIANCE"]["security_id"] == 2885
    assert listed["NSE:RELIANCE"]["exchange"] == "NSE"
    assert listed["NSE:RELIANCE"]["symbol"] == "RELIANCE"
    assert option["underlying"] == "NSE:NIFTY"
    assert {"segment", "tick_size", "lot_size", "expiry", "strike", "option_type", "name"} <= option.keys()


async def test_history_tells_what_was_streamed_and_until_when() -> None:
    async with simulator(instruments=10, start_ns=START) as running:
        told = await get(
            running, "/history", instrument="NSE:RELIANCE", start_ns=START - 5 * MINUTE_NS, end_ns=START + MINUTE_NS
        )

        assert told["now_ns"] >= START
        assert len(told["candles"]) == 5
        assert told["candles"][-1]["state"] == "forming"


@pytest.mark.parametrize(
    "parameters", [{}, {"instrument": "NSE:NOBODY"}, {"instrument": "NSE:RELIANCE", "start_ns": "x", "end_ns": 1}]
)
async def test_history_of_nonsense_is_refused_with_a_sentence(parameters: dict[str, object]) -> None:
    async with simulator(instruments=10) as running:
        assert "must be" in (told := (await get(running, "/history", **parameters))["error"]) or "expected" in told


@pytest.mark.parametrize("body", [{"faults": "explode"}, {"unknown": 1}, []])
async def test_a_command_that_is_not_understood_changes_nothing(body: object) -> None:
    async with simulator(instruments=3) as running:
        reply = await post(running, "/control", body)

        assert reply.status_code == 400
        assert running.exchange.faults.planned() == []


async def test_a_command_can_end_all_faults() -> None:
    async with simulator(instruments=3, faults="refuse+1000") as running:
        assert (await post(running, "/control", {"clear": True})).json()["faults"] == []
        assert (await post(running, "/v2/marketfeed/ltp", {"NSE_EQ": [2885]})).status_code == 200


async def test_one_connection_serves_many_calls_quickly() -> None:
    async with simulator(instruments=10) as running, httpx.AsyncClient(trust_env=False, headers=HEADERS) as client:
        took_s: list[float] = []
        for _ in range(30):
            began = trio.current_time()
            reply = await client.post(f"{running.rest_url}/marketfeed/ltp", json={"NSE_EQ": [2885]})
            assert reply.status_code == 200
            took_s.append(trio.current_time() - began)

        assert min(took_s) < 0.035  # a delayed acknowledgement would be 0.04 s in each, also on an idle machine


async def test_what_is_no_call_and_what_is_no_http_is_turned_away() -> None:
    async with simulator(instruments=3) as running:
        assert (await post(running, "/v2/orders", {})).status_code == 404
        async with await trio.open_tcp_stream(*place_of(running.rest_url)) as stream:
            await stream.send_all(b"no http at all\r\n\r\n")
            assert b" 400 " in await stream.receive_some(1_000)
        assert (await get(running, "/health"))["status"] == "ok"


async def test_a_restarted_exchange_remembers_the_same_past() -> None:
    parameters = {"instrument": "NSE:HDFCBANK", "start_ns": START - 30 * MINUTE_NS, "end_ns": START}
    async with simulator(instruments=10, start_ns=START) as running:
        before = await get(running, "/history", **parameters)
    async with simulator(instruments=10, start_ns=START + 5 * MINUTE_NS) as running:
        after = await get(running, "/history", **parameters)

    assert before["candles"][:-1] == after["candles"][:29]
    assert len(after["candles"]) == 30
