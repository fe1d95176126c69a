"""What a derivative is worth when its underlying stands at a price: a fixed, monotone rule for each day."""

from collections.abc import Callable
from datetime import date
from math import erf, exp, log, sqrt
from typing import Final

from engine.providers.simulator.division import Bar
from engine.providers.simulator.instruments import Listing

_INTEREST: Final = 0.06
VOLATILITY: Final = 0.13
_LAST_HALF_DAY: Final = 0.5
_YEAR_DAYS: Final = 365

Rule = Callable[[int], int]
"""From the underlying's price in ticks to the derivative's."""


def rule(derivative: Listing, underlying: Listing, on: date) -> Rule:
    """The rule of a day; time to expiry does not run within it, so that extremes stay extremes."""
    expiry = derivative.expiry or on
    years = max((expiry - on).days, _LAST_HALF_DAY) / _YEAR_DAYS
    strike = derivative.strike
    if strike is None:
        growth = exp(_INTEREST * years)
        return lambda ticks: derivative.ticks(underlying.rupees(ticks) * growth)
    worth = _call if derivative.option_type == "CE" else _put
    return lambda ticks: derivative.ticks(worth(underlying.rupees(ticks), strike, years))


def derive(bar: Bar, apply: Rule, *, falling: bool) -> Bar:
    """The derivative's bar while its underlying made ``bar``; ``falling`` rules (puts) turn high into low."""
    high, low = (bar.low, bar.high) if falling else (bar.high, bar.low)
    return Bar(apply(bar.open), apply(high), apply(low), apply(bar.close))


def _call(spot: float, strike: float, years: float) -> float:
    """Black and Scholes, at one volatility for all."""
    spread = VOLATILITY * sqrt(years)
    first = (log(spot / strike) + _INTEREST * years) / spread + spread / 2
    return spot * _normal(first) - strike * exp(-_INTEREST * years) * _normal(first - spread)


def _put(spot: float, strike: float, years: float) -> float:
    return _call(spot, strike, years) - spot + strike * exp(-_INTEREST * years)


def _normal(value: float) -> float:
    return (1 + erf(value / sqrt(2))) / 2
