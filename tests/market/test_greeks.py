"""Prices and Greeks agree with QuantLib, with fifty digits of mpmath, and with each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import QuantLib

from engine.market.greeks import DAYS_A_YEAR, PERCENT, Terms, price, sensitivities
from tests.market.option_grid import FORWARD, Option, exact_price, grid, terms, volatilities

GRID = grid()


def calculator(option: Option) -> Any:
    right = QuantLib.Option.Call if option.is_call else QuantLib.Option.Put
    deviation = option.volatility / PERCENT * option.years**0.5
    discount = float(np.exp(-option.rate / PERCENT * option.years))
    return QuantLib.BlackCalculator(QuantLib.PlainVanillaPayoff(right, option.strike), FORWARD, deviation, discount)


BY_QUANTLIB: dict[str, Callable[[Any, Option], float]] = {
    "delta": lambda of, option: of.deltaForward(),
    "gamma": lambda of, option: of.gammaForward(),
    "theta": lambda of, option: of.theta(FORWARD, option.years) / DAYS_A_YEAR,  # on a forward, spot and forward are one
    "vega": lambda of, option: of.vega(option.years) / PERCENT,
}


@pytest.mark.parametrize("greek", BY_QUANTLIB)
def test_a_greek_is_quantlibs(greek: str) -> None:
    ours = getattr(sensitivities(terms(GRID), volatilities(GRID)), greek)
    theirs = np.array([BY_QUANTLIB[greek](calculator(option), option) for option in GRID])
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11 * float(np.abs(theirs).max()))


def test_prices_are_quantlibs() -> None:
    theirs = [calculator(option).value() for option in GRID]
    np.testing.assert_allclose(price(terms(GRID), volatilities(GRID)), theirs, rtol=1e-11, atol=1e-10)


def test_prices_keep_their_digits_far_out_of_the_money() -> None:
    far = [option for option in GRID if option.is_call == (option.strike > FORWARD)]
    exact = np.array([float(exact_price(option)) for option in far])
    assert exact.min() < 1e-3
    np.testing.assert_allclose(price(terms(far), volatilities(far)), exact, rtol=1e-10)


def test_a_greek_is_what_the_price_does() -> None:
    options = [option for option in GRID if option.years > 1e-3]
    base, volatility = terms(options), volatilities(options)
    greeks, at = sensitivities(base, volatility), price(base, volatility)
    deviation = volatility / PERCENT * np.sqrt(base.years)
    span, days, more = 1e-3 * FORWARD * deviation, 1e-3, 1e-3

    def moved(*, forward: Any = 0.0, days: float = 0.0, more: float = 0.0) -> Any:
        years = base.years + days / DAYS_A_YEAR
        return price(Terms(base.forward + forward, base.strike, years, base.rate, base.is_call), volatility + more)

    up, down = moved(forward=span), moved(forward=-span)
    np.testing.assert_allclose(greeks.delta, (up - down) / (2 * span), atol=1e-6)
    np.testing.assert_allclose(greeks.gamma, (up - 2 * at + down) / span**2, rtol=1e-4, atol=1e-9)
    theta = (moved(days=-days) - moved(days=days)) / (2 * days)
    np.testing.assert_allclose(greeks.theta, theta, rtol=1e-5, atol=1e-6)
    vega = (moved(more=more) - moved(more=-more)) / (2 * more)
    np.testing.assert_allclose(greeks.vega, vega, rtol=1e-5, atol=1e-6)


def test_calls_and_puts_of_a_strike_differ_by_the_discounted_distance() -> None:
    calls = [option for option in GRID if option.is_call]
    puts = [option._replace(is_call=False) for option in calls]
    both = terms(calls)
    difference = price(both, volatilities(calls)) - price(terms(puts), volatilities(puts))
    np.testing.assert_allclose(difference, both.discount * (both.forward - both.strike), rtol=1e-12, atol=1e-9)


def test_without_time_or_volatility_an_option_is_worth_its_exercise() -> None:
    now = [Option(24_000.0, 0.0, 6.5, True, 12.0), Option(24_000.0, 1.0, 0.0, True, 0.0)]
    assert price(terms(now), volatilities(now)).tolist() == [1000.0, 1000.0]
    assert np.isnan(sensitivities(terms(now), volatilities(now)).delta).all()


def test_what_is_unknown_stays_unknown() -> None:
    options = [Option(24_000.0, 1.0, 6.5, True, np.nan)]
    assert np.isnan(price(terms(options), volatilities(options))).all()
    assert np.isnan(sensitivities(terms(options), volatilities(options)).vega).all()
    nowhere = terms([Option(24_000.0, 1.0, 6.5, True, 12.0)], forward=np.nan)
    assert np.isnan(price(nowhere, np.array([12.0]))).all()
