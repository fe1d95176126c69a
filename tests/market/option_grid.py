"""Options of every sort, and what they are worth to fifty digits."""

from itertools import product
from typing import Any, NamedTuple

import mpmath
import numpy as np

from engine.market.greeks import Terms

FORWARD = 25_000.0
MINUTE_OF_YEAR = 1.0 / (365 * 24 * 60)
YEARS = (MINUTE_OF_YEAR, 60 * MINUTE_OF_YEAR, 1 / 365, 7 / 365, 30 / 365, 1.0, 5.0)
DISTANCES = (-4.0, -2.0, -0.5, -0.01, 0.0, 0.01, 0.5, 2.0, 4.0)
"""In standard deviations from the forward: beyond these no price is left of an option out of the money."""
_NEAREST = 0.01
"""No exchange lists a strike of a hundredth or a hundredfold of the forward."""
VOLATILITIES = (5.0, 12.0, 40.0, 200.0)
RATES = (0.0, 6.5)


class Option(NamedTuple):
    strike: float
    years: float
    rate: float
    is_call: bool
    volatility: float


def grid() -> list[Option]:
    """From the last minute to five years, from deep in to far out of the money."""
    options: list[Option] = []
    for years, distance, volatility, rate, is_call in product(YEARS, DISTANCES, VOLATILITIES, RATES, (True, False)):
        strike = FORWARD * float(np.exp(distance * volatility / 100 * np.sqrt(years)))
        if _NEAREST < strike / FORWARD < 1 / _NEAREST:
            options.append(Option(strike, years, rate, is_call, volatility))
    return options


def terms(options: list[Option], forward: float = FORWARD) -> Terms:
    return Terms(
        forward=np.full(len(options), forward),
        strike=np.array([option.strike for option in options]),
        years=np.array([option.years for option in options]),
        rate=np.array([option.rate for option in options]),
        is_call=np.array([option.is_call for option in options]),
    )


def volatilities(options: list[Option]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([option.volatility for option in options])


def exact_price(option: Option, volatility: Any = None) -> Any:
    """Black's formula as the textbook writes it, with digits enough that nothing cancels."""
    with mpmath.workdps(50):
        forward, strike, years = mpmath.mpf(FORWARD), mpmath.mpf(option.strike), mpmath.mpf(option.years)
        deviation = mpmath.mpf(option.volatility if volatility is None else volatility) / 100 * mpmath.sqrt(years)
        upper = mpmath.log(forward / strike) / deviation + deviation / 2
        sign = 1 if option.is_call else -1
        gain = forward * mpmath.ncdf(sign * upper) - strike * mpmath.ncdf(sign * (upper - deviation))
        return mpmath.exp(-mpmath.mpf(option.rate) / 100 * years) * sign * gain


def exact_volatility(option: Option, price: float) -> float:
    """Per cent, from a bracket that holds every market."""
    with mpmath.workdps(50):
        bracket = mpmath.mpf("1e-6"), mpmath.mpf("1e5")
        return float(
            mpmath.findroot(lambda guess: mpmath.log(exact_price(option, guess) / price), bracket, solver="ridder")
        )
