"""The handover: whatever two connections bring, and however far one lags behind the other, each tick is passed on once."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.market import Tick
from engine.market.handover import HELD_S, LEAST_S, MOST_S, Handover

NAME = "NSE:A"
SECOND_NS = 10**9


def trade(number: int, *, volume: bool = True) -> tuple[Any, Tick]:
    """The trades of a stream; three of them in each second."""
    at_ns = number // 3 * SECOND_NS
    return None, Tick(NAME, 100.0 + number, 1, number if volume else None, at_ns, at_ns, "test")


def numbers(passed: list[tuple[Any, Tick]]) -> list[int]:
    return [round(tick.price - 100) for _, tick in passed]


def after(number: int) -> Handover:
    return Handover([NAME], {NAME: trade(number)[1]}, 0.0)


def test_a_greeting_tells_nothing_new() -> None:
    handover = after(5)
    assert handover.new([trade(5), trade(4)], 0.0) == []
    assert handover.unheard == frozenset()
    assert numbers(handover.old([trade(6)])) == [6]


def test_a_slower_new_connection_takes_over_where_it_has_caught_up() -> None:
    handover = after(5)
    handover.new([trade(5)], 0.0)
    assert numbers(handover.old([trade(6), trade(7), trade(8)])) == [6, 7, 8]
    assert handover.new([trade(6)], 0.1) == []
    assert handover.old([trade(9)]) == []
    assert numbers(handover.new([trade(7), trade(8), trade(9), trade(10)], 0.2)) == [9, 10]


def test_a_quicker_new_connection_waits_for_what_the_old_one_still_has_on_its_way() -> None:
    handover = after(5)
    assert handover.new([trade(8), trade(9)], 0.0) == []
    assert numbers(handover.old([trade(6), trade(7)])) == [6, 7]
    assert numbers(handover.old([trade(8)])) == [8, 9]
    assert handover.old([trade(9)]) == []
    assert numbers(handover.new([trade(10)], 0.1)) == [10]


def test_what_the_old_connection_does_not_bring_is_not_waited_for_long() -> None:
    handover = after(5)
    handover.new([trade(6)], 1.0)
    assert handover.overdue(1.0 + HELD_S / 2) == []
    assert numbers(handover.overdue(1.0 + HELD_S)) == [6]


def test_each_of_two_samples_of_one_stream_adds_what_the_other_lacks() -> None:
    handover = after(5)
    assert handover.new([trade(6), trade(8)], 0.0) == []
    assert numbers(handover.old([trade(7)])) == [6, 7, 8]
    assert handover.new([trade(7)], 0.1) == []


def test_it_is_over_when_all_were_heard_and_at_the_latest_after_a_while() -> None:
    handover = after(5)
    assert not handover.is_over(LEAST_S)
    handover.new([trade(5)], 0.0)
    assert not handover.is_over(LEAST_S / 2)
    assert handover.is_over(LEAST_S)
    assert after(5).is_over(MOST_S)


def test_what_is_held_when_the_old_connection_ends_is_passed_on() -> None:
    handover = after(5)
    handover.new([trade(6)], 0.0)
    assert numbers(handover.finish()) == [6]
    assert numbers(handover.new([trade(7)], 0.1)) == [7]


@given(
    begins=st.integers(1, 20),
    lags=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=30, max_size=30),
    volume=st.booleans(),
)
def test_nothing_is_lost_doubled_or_out_of_order(begins: int, lags: list[tuple[int, int]], *, volume: bool) -> None:
    """The old connection goes on after the new one has begun, so much that all in between has come over both."""
    handover = Handover([NAME], {NAME: trade(0, volume=volume)[1]}, 0.0)
    old_at, new_at, passed = 1, begins, list[int]()
    for old_step, new_step in lags:
        passed += numbers(handover.old([trade(n, volume=volume) for n in range(old_at, old_at + old_step)]))
        old_at += old_step
        passed += numbers(handover.new([trade(n, volume=volume) for n in range(new_at, new_at + new_step)], 0.0))
        new_at += new_step
    if old_at < begins:
        passed += numbers(handover.old([trade(n, volume=volume) for n in range(old_at, begins)]))
    passed += numbers(handover.finish())
    last = max(old_at, new_at, 60)
    passed += numbers(handover.new([trade(n, volume=volume) for n in range(new_at, last)], 0.0))
    assert passed == list(range(1, last))
    assert all(one < other for one, other in pairwise(passed))
