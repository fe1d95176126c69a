"""The forward by parity is what calls and puts of the same strikes agree on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.forward import parity_forward
from engine.market.normal import Array

STRIKES = np.arange(24_000.0, 26_050.0, 50.0)
GROWTH = 1.01


def prices(forward: float) -> tuple[Array, Array]:
    """Of calls and puts in parity, with a time value that is highest at the money."""
    time_value = 200.0 * np.exp(-(((STRIKES - forward) / 600.0) ** 2))
    return (
        np.maximum(STRIKES * 0 + forward - STRIKES, 0.0) / GROWTH + time_value,
        np.maximum(STRIKES - forward, 0.0) / GROWTH + time_value,
    )


def told(calls: Array, puts: Array) -> float | None:
    found = parity_forward(STRIKES, calls, puts, GROWTH)
    return None if found is None else found.price


@given(forward=st.floats(24_100.0, 25_900.0))
def test_calls_and_puts_in_parity_show_the_forward(forward: float) -> None:
    assert told(*prices(forward)) == pytest.approx(forward)


@given(forward=st.floats(24_500.0, 25_500.0), row=st.integers(0, len(STRIKES) - 1), wrong=st.floats(0.05, 3_000.0))
def test_one_wrong_quote_moves_it_by_no_more_than_others_differ(forward: float, row: int, wrong: float) -> None:
    calls, puts = prices(forward)
    calls[row] = wrong
    assert told(calls, puts) == pytest.approx(forward)


def test_strikes_of_which_one_option_has_no_price_are_left_out() -> None:
    calls, puts = prices(25_000.0)
    calls[::2], puts[1::4] = np.nan, np.nan
    assert told(calls, puts) == pytest.approx(25_000.0)


def test_two_strikes_are_too_few_to_tell_which_is_wrong() -> None:
    calls, puts = prices(25_000.0)
    calls[2:] = np.nan
    assert told(calls, puts) is None
