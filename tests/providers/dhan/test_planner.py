import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, Mode, PlanError, Route
from engine.providers.dhan.planner import plan_connections, subscription_messages
from tests.providers.dhan.routes import ABB, HDFCBANK, NIFTY, NIFTY_FUT, many


def requests(routes: list[Route], mode: Mode, *, subscribe: bool = True) -> list[dict[str, Any]]:
    return [json.loads(message) for message in subscription_messages(routes, mode, subscribe=subscribe)]


def test_nothing_wanted_needs_no_connection() -> None:
    assert plan_connections([]) == []


@given(count=st.integers(1, 25_000))
def test_every_instrument_is_on_exactly_one_of_as_few_connections_as_will_do(count: int) -> None:
    plan = plan_connections(MANY[:count])

    assert [route for connection in plan for route in connection] == MANY[:count]
    assert len(plan) == -(-count // 5_000)
    assert max(map(len, plan)) <= 5_000


MANY = many(25_001)


def test_more_than_dhan_serves_is_refused_in_plain_words() -> None:
    with pytest.raises(PlanError, match=r"25,001 instruments are more than the 25,000 Dhan serves") as raised:
        plan_connections(MANY)
    assert raised.value.advice is Advice.FIX_REQUEST


IDS = ["HDFCBANK", "", "-1", "01333", "٣", str(2**32), "9" * 5000]


@pytest.mark.parametrize(("segment", "security_id"), [("NSE", "1333"), *(("NSE_EQ", odd) for odd in IDS)])
def test_what_dhan_can_not_know_is_refused_by_name(segment: str, security_id: str) -> None:
    odd = Route("NSE:ODD", segment, security_id, 0.05, "equity")

    with pytest.raises(PlanError, match="NSE:ODD") as raised:
        plan_connections([HDFCBANK, odd])
    assert raised.value.routes == (odd,)


def test_two_instruments_of_one_id_are_refused_by_name() -> None:
    twin = Route("NSE:TWIN", "NSE_EQ", "1333", 0.05, "equity")

    with pytest.raises(PlanError, match=r"NSE:HDFCBANK \(NSE_EQ:1333\), NSE:TWIN \(NSE_EQ:1333\)") as raised:
        plan_connections([HDFCBANK, ABB, twin])
    assert raised.value.routes == (HDFCBANK, twin)


def test_a_request_has_the_documented_form() -> None:
    assert requests([HDFCBANK, NIFTY_FUT], Mode.QUOTE) == [
        {
            "RequestCode": 17,
            "InstrumentCount": 2,
            "InstrumentList": [
                {"ExchangeSegment": "NSE_EQ", "SecurityId": "1333"},
                {"ExchangeSegment": "NSE_FNO", "SecurityId": "49543"},
            ],
        }
    ]


@pytest.mark.parametrize(("mode", "code"), [(Mode.TICKER, 15), (Mode.QUOTE, 17), (Mode.FULL, 21)])
def test_each_mode_has_its_codes(mode: Mode, code: int) -> None:
    assert [request["RequestCode"] for request in requests([ABB], mode)] == [code]
    assert [request["RequestCode"] for request in requests([ABB], mode, subscribe=False)] == [code + 1]


@pytest.mark.parametrize("mode", list(Mode))
def test_an_index_is_always_asked_for_in_ticker_mode(mode: Mode) -> None:
    asked = {
        (instrument["ExchangeSegment"], request["RequestCode"])
        for request in requests([HDFCBANK, NIFTY, ABB], mode)
        for instrument in request["InstrumentList"]
    }

    assert ("IDX_I", 15) in asked
    assert len([segment for segment, _ in asked if segment == "IDX_I"]) == 1


@given(shares=st.integers(0, 350), indices=st.integers(0, 250))
def test_no_request_names_more_than_a_hundred_and_none_is_forgotten(shares: int, indices: int) -> None:
    wanted = many(shares) + many(indices, segment="IDX_I")

    asked = requests(wanted, Mode.FULL)

    assert all(request["InstrumentCount"] == len(request["InstrumentList"]) <= 100 for request in asked)
    named = Counter(
        f"{instrument['ExchangeSegment']}:{instrument['SecurityId']}"
        for request in asked
        for instrument in request["InstrumentList"]
    )
    assert named == Counter(route.key for route in wanted)
