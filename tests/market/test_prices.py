import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market import TickSize
from engine.market.prices import shortest


def float32(price: float) -> float:
    return struct.unpack("<f", struct.pack("<f", price))[0]


@pytest.mark.parametrize(
    ("size", "price", "rounded"),
    [
        (0.05, 25974.900390625, 25974.9),
        (0.05, 1650.25, 1650.25),
        (0.01, 84321.4921875, 84321.49),
        (0.1, 1234.5999755859375, 1234.6),
        (0.0025, 83.44249725341797, 83.4425),
        (0.25, 4500.12, 4500.0),
        (5.0, 101.0, 100.0),
        (0.03, 0.31, 0.3),
        (1.0, 72345.6, 72346.0),
        (0, 25974.900390625, 25974.9),
        (0.05, -3.0500001907348633, -3.05),
        (0.05, 0.0, 0.0),
    ],
)
def test_a_price_is_rounded_to_the_nearest_step(size: float, price: float, rounded: float) -> None:
    assert TickSize(size).round(price) == rounded


@given(steps=st.integers(0, 2_000_000), size=st.sampled_from([0.05, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_every_step_survives_a_32_bit_float_while_that_can_tell_steps_apart(steps: int, size: float) -> None:
    price = round(steps * size, 2)
    spacing = abs(float32(price)) * 2**-23
    if spacing < size / 2:
        assert TickSize(size).round(float32(price)) == price


@pytest.mark.parametrize("size", [0.05, 5.0, 0])
def test_what_only_broken_packets_hold_comes_back_unharmed(size: float) -> None:
    assert TickSize(size).round(math.inf) == math.inf
    assert math.isnan(TickSize(size).round(math.nan))
    assert TickSize(size).round(1e300) in (1e300, round(1e300 / 5) * 5.0)


@pytest.mark.parametrize("size", [-0.05, math.inf, math.nan])
def test_a_tick_size_is_no_negative_or_endless_step(size: float) -> None:
    with pytest.raises(ValueError, match="a tick size is 0"):
        TickSize(size)


@given(st.floats(width=32, min_value=0.125, max_value=2**20))
def test_the_shortest_decimal_is_the_same_float32(price: float) -> None:
    assert float32(shortest(price)) == price


def test_decoders_may_round_in_place_where_a_whole_number_of_steps_makes_one() -> None:
    assert (TickSize(0.05).inverse, TickSize(0.01).inverse, TickSize(5.0).inverse) == (20, 100, 0)
