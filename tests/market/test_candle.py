"""Candles are equal when they say the same."""

from engine.market import Candle


def test_when_a_candle_was_published_is_no_part_of_what_it_says() -> None:
    told, again, other = (
        Candle("NSE:A", "1m", 60, 1.0, 2.0, 1.0, close, 5, published_ns=at)
        for at, close in ((1, 2.0), (9, 2.0), (1, 1.5))
    )
    assert told == again
    assert len({told, again}) == 1
    assert told != other
    assert told != "a candle"
