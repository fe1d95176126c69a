import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.base import Advice, FeedLimits, PlanError, Route
from engine.providers.planning import batches, refuse_odd, spread, symbol_of

LIMITS = FeedLimits(connections=4, instruments_per_connection=10, instruments_per_message=3)


def routes(count: int) -> list[Route]:
    return [Route(f"NSE:S{number}", "NSE_EQ", str(number), 0.05, "equity") for number in range(count)]


@given(count=st.integers(0, LIMITS.capacity))
def test_routes_are_spread_over_as_few_connections_as_will_do_and_each_has_room_to_grow(count: int) -> None:
    plan = spread(routes(count), LIMITS, "acme")

    assert [route for connection in plan for route in connection] == routes(count)
    assert len(plan) == -(-count // LIMITS.instruments_per_connection)
    assert max(map(len, plan), default=0) - min(map(len, plan), default=0) < max(1, len(plan))


def test_more_than_all_connections_carry_are_refused_with_the_limit() -> None:
    with pytest.raises(PlanError, match=r"41 instruments.*40 acme serves \(4 connections of 10\)") as raised:
        spread(routes(41), LIMITS, "acme")

    assert raised.value.advice is Advice.FIX_REQUEST


def test_messages_take_portions() -> None:
    assert [len(portion) for portion in batches(routes(7), 3)] == [3, 3, 1]


def test_what_the_provider_can_not_know_is_named_and_of_many_only_the_first() -> None:
    many = routes(8)

    with pytest.raises(PlanError, match=r"acme has no such id: NSE:S0 \(NSE_EQ:0\).*NSE:S4.* and 1 more$") as raised:
        refuse_odd(many, "acme", lambda route: route.security_id > "5", called="id")

    assert raised.value.routes == tuple(many[:6])


def test_an_id_may_stand_in_two_segments_but_a_symbol_can_not() -> None:
    one, other = Route("NSE:A", "NSE_EQ", "13", 0.05, "equity"), Route("NSE:N", "IDX_I", "13", 0.05, "index")

    refuse_odd([one, other], "acme", lambda _: True, called="id")
    with pytest.raises(PlanError, match=r"share one symbol at acme: NSE:A .*, NSE:N") as raised:
        refuse_odd([one, other], "acme", lambda _: True, called="symbol", identity=symbol_of)
    assert raised.value.routes == (one, other)
