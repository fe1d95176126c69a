"""Implied volatility is found wherever there is one, and where there is none the reason is told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.black import deviation_of, time_value
from engine.market.greeks import Terms, price
from engine.market.implied_volatility import REASONS, Reason, implied_volatility
from tests.market.option_grid import FORWARD, MINUTE_OF_YEAR, Option, exact_price, exact_volatility, grid, terms

TICK = 0.05
SOME = Option(25_100.0, 7 / 365, 6.5, True, 12.0)


def reason_of(option: Option, paid: float, forward: float = FORWARD) -> str | None:
    return REASONS[implied_volatility(terms([option], forward), np.array([paid])).reason[0]]


def test_the_volatility_behind_exact_prices_comes_back() -> None:
    options = [option for option in grid() if option.is_call == (option.strike >= FORWARD)]
    exact = [float(exact_price(option)) for option in options]
    known = [(option, paid) for option, paid in zip(options, exact, strict=True) if paid > TICK / 100]
    assert len(known) > 200
    found = implied_volatility(terms([option for option, _ in known]), np.array([paid for _, paid in known]))
    np.testing.assert_allclose(found.volatility, [option.volatility for option, _ in known], rtol=1e-9)


@pytest.mark.parametrize("years", [MINUTE_OF_YEAR, 375 * MINUTE_OF_YEAR, 30 / 365, 3.0])
@pytest.mark.parametrize("strike", [10_000.0, 20_000.0, 24_950.0, 25_050.0, 30_000.0, 60_000.0])
def test_a_price_of_one_tick_has_the_volatility_of_fifty_digits(strike: float, years: float) -> None:
    option = Option(strike, years, 6.5, strike > FORWARD, 0.0)
    found = implied_volatility(terms([option]), np.array([TICK]))
    assert found.volatility[0] == pytest.approx(exact_volatility(option, TICK), rel=1e-9)


def test_the_inverse_holds_for_every_deviation_that_a_price_can_show() -> None:
    some = np.random.default_rng(7)
    distance = np.abs(some.normal(0.0, 0.3, 200_000)) * some.choice([0.0, 0.01, 0.1, 1.0, 10.0], 200_000)
    deviation = np.exp(some.uniform(np.log(1e-4), np.log(14.0), 200_000))
    value = time_value(distance, deviation)
    told = (value > 1e-12) & (value < np.exp(-0.5 * distance) * (1.0 - 1e-6))
    assert told.sum() > 100_000
    found = deviation_of(distance[told], value[told])
    np.testing.assert_allclose(found, deviation[told], rtol=1e-8)


@given(
    strike=st.integers(200, 1_200).map(lambda steps: steps * 50.0),
    minutes=st.integers(1, 5 * 365 * 24 * 60),
    rate=st.sampled_from([0.0, 6.5, 10.0]),
    is_call=st.booleans(),
    share=st.floats(1e-6, 0.999),
)
def test_every_price_between_its_bounds_is_met_within_half_a_tick(
    strike: float, minutes: int, rate: float, is_call: bool, share: float
) -> None:
    one = terms([Option(strike, minutes * MINUTE_OF_YEAR, rate, is_call, 0.0)])
    lowest, highest = float(one.intrinsic[0]), float(one.bound[0])
    paid = np.array([round((lowest + share * (highest - lowest)) / TICK) * TICK])
    found = implied_volatility(one, paid)
    if found.reason[0]:  # rounded to a tick it may lie on a bound
        assert min(abs(paid[0] - lowest), abs(paid[0] - highest)) <= TICK
    else:
        assert abs(price(one, found.volatility) - paid)[0] < TICK / 2


@given(
    strike=st.integers(480, 520).map(lambda steps: steps * 50.0),
    volatility=st.floats(5.0, 80.0),
    days=st.integers(1, 400),
)
def test_calls_and_puts_in_parity_have_one_volatility(strike: float, volatility: float, days: int) -> None:
    option = Option(strike, days / 365, 6.5, True, volatility)
    pair = terms([option, option._replace(is_call=False)])
    found = implied_volatility(pair, price(pair, np.array([volatility, volatility])))
    if (found.reason == 0).all():
        np.testing.assert_allclose(found.volatility, volatility, rtol=1e-4)


def test_each_reason_is_told() -> None:
    intrinsic = float(terms([SOME._replace(strike=24_000.0)]).intrinsic[0])
    assert reason_of(SOME, 90.0) is None
    assert reason_of(SOME, 90.0, forward=np.nan) is Reason.NO_FORWARD
    assert reason_of(SOME._replace(years=0.0), 90.0) is Reason.EXPIRED
    assert reason_of(SOME, np.nan) is Reason.NO_PRICE
    assert reason_of(SOME, 0.0) is Reason.NO_PRICE
    assert reason_of(SOME._replace(strike=24_000.0), intrinsic - TICK) is Reason.BELOW_INTRINSIC
    assert reason_of(SOME._replace(strike=24_000.0), intrinsic) is Reason.NO_TIME_VALUE
    assert reason_of(SOME, FORWARD) is Reason.ABOVE_BOUND
    assert reason_of(SOME._replace(is_call=False), SOME.strike) is Reason.ABOVE_BOUND


def test_one_option_without_volatility_does_not_keep_it_from_the_others() -> None:
    both = terms([SOME, SOME])
    found = implied_volatility(replace(both, forward=np.array([np.nan, FORWARD])), np.array([90.0, 90.0]))
    assert np.isnan(found.volatility[0])
    assert found.volatility[1] == pytest.approx(exact_volatility(SOME, 90.0), rel=1e-9)


def test_nothing_asked_is_nothing_answered() -> None:
    none = np.array([])
    found = implied_volatility(Terms(none, none, none, none, np.array([], np.bool_)), none)
    assert len(found.volatility) == len(found.reason) == 0
