"""Candles are equal when they say the same."""

import operator

import msgspec

from engine.market import Candle, CandleState


def test_when_a_candle_was_published_is_no_part_of_what_it_says() -> None:
    told, again, other = (
        Candle("NSE:A", "1m", 60, 1.0, 2.0, 1.0, close, 5, published_ns=at)
        for at, close in ((1, 2.0), (9, 2.0), (1, 1.5))
    )
    assert told == again
    assert not operator.ne(told, again), "what is equal is not unequal too"
    assert len({told, again}) == 1
    assert told != other
    assert told != "a candle"


def test_a_row_holds_what_a_candle_says_in_the_order_of_its_fields() -> None:
    candle = Candle("NSE:A", "1m", 60, 1.0, 4.0, 0.5, 2.0, 5, 7, CandleState.REVISED, 3, "dhan", True, 9)
    assert candle.row == (1.0, 4.0, 0.5, 2.0, 5, 7, CandleState.REVISED, 3, "dhan", True)
    assert Candle("NSE:A", "1m", 60, *candle.row) == candle
    assert Candle.__struct_fields__[3:-1] == (
        "open", "high", "low", "close", "volume", "open_interest", "state", "revision", "source", "resolve_required"
    ), "what stores hold would be read as something else"  # fmt: skip
    assert msgspec.structs.astuple(candle)[3:-1] == candle.row
