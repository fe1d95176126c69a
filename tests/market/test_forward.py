"""The forward is the best of what is known: the future, parity of calls and puts, the spot carried on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.chain_snapshot import ForwardSource
from engine.market.forward import Forward, forward_of, parity_forward
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


def test_a_future_goes_before_parity_and_parity_before_the_spot() -> None:
    assert forward_of(future=3.0, parity=2.0, spot=1.0, growth=GROWTH) == Forward(3.0, ForwardSource.FUTURE)
    assert forward_of(future=None, parity=2.0, spot=1.0, growth=GROWTH) == Forward(2.0, ForwardSource.PARITY)
    assert forward_of(future=None, parity=None, spot=1.0, growth=GROWTH) == Forward(GROWTH, ForwardSource.SPOT)
    assert forward_of(future=None, parity=None, spot=None, growth=GROWTH) is None


def test_what_is_not_above_nothing_is_no_forward() -> None:
    assert forward_of(future=-37.0, parity=None, spot=None, growth=GROWTH) is None


@given(forward=st.floats(24_100.0, 25_900.0))
def test_calls_and_puts_in_parity_show_the_forward(forward: float) -> None:
    assert parity_forward(STRIKES, *prices(forward), GROWTH) == pytest.approx(forward)


@given(forward=st.floats(24_500.0, 25_500.0), row=st.integers(0, len(STRIKES) - 1), wrong=st.floats(0.05, 3_000.0))
def test_one_wrong_quote_moves_it_by_no_more_than_others_differ(forward: float, row: int, wrong: float) -> None:
    calls, puts = prices(forward)
    calls[row] = wrong
    assert parity_forward(STRIKES, calls, puts, GROWTH) == pytest.approx(forward)


def test_strikes_of_which_one_option_has_no_price_are_left_out() -> None:
    calls, puts = prices(25_000.0)
    calls[::2], puts[1::4] = np.nan, np.nan
    assert parity_forward(STRIKES, calls, puts, GROWTH) == pytest.approx(25_000.0)


def test_two_strikes_are_too_few_to_tell_which_is_wrong() -> None:
    calls, puts = prices(25_000.0)
    calls[2:] = np.nan
    assert parity_forward(STRIKES, calls, puts, GROWTH) is None
