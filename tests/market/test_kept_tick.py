"""Kept ticks: in the order in which they came, each with what it traded."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.market import Tick
from engine.market.kept_tick import TickTape
from tests.actors.parts import CALENDAR, NOON, SECOND_NS, tick


def tape(*, counts_ticks: bool = True) -> TickTape:
    return TickTape(CALENDAR, counts_ticks=counts_ticks)


def test_a_tick_keeps_what_it_said_in_microseconds() -> None:
    said = Tick("NSE:A", 100.05, 7, 900, NOON, NOON + 1_234_567, "dhan", 12, 100.0, 100.1)
    kept = tape().add(said)
    assert msgspec.structs.astuple(kept) == (
        "NSE:A", NOON // 1_000 + 1_234, NOON // 1_000, 100.05, 7, 0, 900, 12, 100.0, 100.1, "dhan"
    )  # fmt: skip


def test_what_a_tick_traded_is_what_the_total_moved_by() -> None:
    one = tape()
    kept = [one.add(tick(NOON + number, 100.0, total)) for number, total in enumerate((900, 900, 950, 940, 960))]
    assert [tick.traded for tick in kept] == [0, 0, 50, 0, 10]
    assert [tick.volume for tick in kept] == [900, 900, 950, 940, 960]


@given(st.lists(st.integers(-5_000, 5_000), max_size=30))
def test_no_two_ticks_are_received_at_the_same_time_and_none_before_the_one_before_it(moves_ns: list[int]) -> None:
    one, at_ns, times = tape(), NOON, list[int]()
    for move_ns in moves_ns:
        at_ns += move_ns
        times.append(one.add(tick(NOON, 100.0, 1, recv_ns=at_ns)).received_us)
        assert times[-1] >= at_ns // 1_000
    assert times == sorted(set(times))


def test_after_a_start_it_goes_on_with_the_total_that_was_kept_last() -> None:
    last = tape().add(tick(NOON, 100.0, 900))
    successor = tape()
    successor.resume(last, NOON + SECOND_NS)
    kept = successor.add(tick(NOON + SECOND_NS, 101.0, 930, recv_ns=NOON - SECOND_NS))
    assert (kept.traded, kept.received_us) == (30, last.received_us + 1)


def test_a_total_of_another_day_says_nothing_of_what_was_traded_since() -> None:
    last = tape().add(tick(NOON - 86_400 * SECOND_NS, 100.0, 900))
    successor = tape()
    successor.resume(last, NOON)
    assert successor.add(tick(NOON, 101.0, 5_000)).traded == 0


def test_an_index_trades_nothing() -> None:
    assert tape(counts_ticks=False).add(tick(NOON, 100.0, None)).traded == 0
    assert tape().add(msgspec.structs.replace(tick(NOON, 100.0, None), size=5)).traded == 5
