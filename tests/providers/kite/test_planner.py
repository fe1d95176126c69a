import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, Mode, PlanError, Route
from engine.providers.kite.planner import plan_connections, subscription_messages, unsubscription_messages
from tests.providers.kite.routes import INFY, INFY_TOKEN, NIFTY, NIFTY_TOKEN, many

MANY = many(9_001)


def requests(messages: list[str]) -> list[dict[str, Any]]:
    return [json.loads(message) for message in messages]


@given(count=st.integers(0, 9_000))
def test_every_instrument_is_on_exactly_one_of_as_few_connections_as_will_do(count: int) -> None:
    plan = plan_connections(MANY[:count])

    assert [route for connection in plan for route in connection] == MANY[:count]
    assert len(plan) == -(-count // 3_000)
    assert all(len(connection) <= 3_000 for connection in plan)


def test_more_than_kite_serves_is_refused_in_plain_words() -> None:
    with pytest.raises(PlanError, match=r"9,001 instruments are more than the 9,000 Kite serves") as raised:
        plan_connections(MANY)
    assert raised.value.advice is Advice.FIX_REQUEST


IDS = ["INFY", "", "-1", "01594", "٣", str(2**24), "9" * 5000]


@pytest.mark.parametrize(("segment", "security_id"), [("NSE", "1594"), *(("NSE_EQ", odd) for odd in IDS)])
def test_what_kite_can_not_know_is_refused_by_name(segment: str, security_id: str) -> None:
    odd = Route("NSE:ODD", segment, security_id, 0.05, "equity")

    with pytest.raises(PlanError, match="NSE:ODD") as raised:
        plan_connections([INFY, odd])
    assert raised.value.routes == (odd,)


def test_two_instruments_of_one_id_are_refused_by_name() -> None:
    twin = Route("NSE:TWIN", "NSE_EQ", "1594", 0.05, "equity")

    with pytest.raises(PlanError, match=r"NSE:INFY \(NSE_EQ:1594\), NSE:TWIN \(NSE_EQ:1594\)") as raised:
        plan_connections([INFY, NIFTY, twin])
    assert raised.value.routes == (INFY, twin)


@pytest.mark.parametrize(("mode", "name"), [(Mode.TICKER, "ltp"), (Mode.QUOTE, "quote"), (Mode.FULL, "full")])
def test_instruments_are_subscribed_by_number_and_then_put_into_their_mode(mode: Mode, name: str) -> None:
    assert requests(subscription_messages([INFY, NIFTY], mode)) == [
        {"a": "subscribe", "v": [INFY_TOKEN, NIFTY_TOKEN]},
        {"a": "mode", "v": [name, [INFY_TOKEN, NIFTY_TOKEN]]},
    ]


def test_instruments_are_taken_back_by_number() -> None:
    assert requests(unsubscription_messages([INFY])) == [{"a": "unsubscribe", "v": [INFY_TOKEN]}]


def test_many_are_asked_for_in_portions_of_five_hundred() -> None:
    asked = requests(subscription_messages(MANY[:1_201], Mode.QUOTE))

    assert [len(request["v"]) for request in asked if request["a"] == "subscribe"] == [500, 500, 201]
    assert [request["a"] for request in asked] == ["subscribe", "mode"] * 3


def test_nothing_wanted_asks_nothing() -> None:
    assert subscription_messages([], Mode.FULL) == unsubscription_messages([]) == []
