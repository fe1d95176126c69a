"""Options on a forward by Black's formula of 1976: what they are worth, and how that answers changes.

All of it works on whole arrays. Volatility and interest are per cent a year, interest continuously compounded; prices are in
the exchange's currency. What an unknown number goes into is unknown too: NaN.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.market.black import WIDEST, time_value
from engine.market.normal import Array, cumulative, density

PERCENT: Final = 100.0
DAYS_A_YEAR: Final = 365.0


@dataclass(frozen=True)
class Terms:
    """European options, a column for each of their terms."""

    forward: Array
    """The underlying's price for delivery at expiry, more than 0; NaN: not known."""
    strike: Array
    years: Array
    """Until expiry, of 365 days."""
    rate: Array
    is_call: NDArray[np.bool_]

    @cached_property
    def discount(self) -> Array:
        """What one unit of currency at expiry is worth now."""
        return np.exp(-self.rate / PERCENT * self.years)

    @cached_property
    def intrinsic(self) -> Array:
        """What exercising at the forward would bring, discounted: no European option is worth less."""
        gain = np.where(self.is_call, self.forward - self.strike, self.strike - self.forward)
        return self.discount * np.maximum(gain, 0.0)

    @cached_property
    def bound(self) -> Array:
        """What no option is worth: the forward for a call, the strike for a put, discounted."""
        return self.discount * np.where(self.is_call, self.forward, self.strike)

    @cached_property
    def scale(self) -> Array:
        """What a time value of 1 in units of the formula is in currency."""
        return self.discount * np.sqrt(self.forward * self.strike)

    @cached_property
    def moneyness(self) -> Array:
        """``ln(forward / strike)``."""
        return np.log(self.forward / self.strike)


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """By how much an option's price changes; the forward stays where it is unless said otherwise."""

    delta: Array
    """For one unit of the forward."""
    gamma: Array
    """Of delta, for one unit of the forward."""
    theta: Array
    """For one calendar day that passes."""
    vega: Array
    """For one per cent of volatility."""


def price(terms: Terms, volatility: Array) -> Array:
    """What the options are worth; without volatility or time their intrinsic value."""
    deviation = np.minimum(volatility / PERCENT * np.sqrt(terms.years), WIDEST)
    worth = time_value(np.abs(terms.moneyness), np.where(deviation == 0.0, WIDEST, deviation))
    return terms.intrinsic + terms.scale * np.where(deviation == 0.0, 0.0, worth)


def sensitivities(terms: Terms, volatility: Array) -> Sensitivities:
    """How the options answer; NaN where volatility is not known, or neither it nor time is left."""
    deviation = volatility / PERCENT * np.sqrt(terms.years)
    deviation = np.where(deviation > 0.0, deviation, np.nan)
    upper = terms.moneyness / deviation + 0.5 * deviation
    sign = np.where(terms.is_call, 1.0, -1.0)
    rise = terms.discount * density(upper)
    delta = sign * terms.discount * cumulative(sign * upper)
    worth = terms.forward * delta - sign * terms.discount * terms.strike * cumulative(sign * (upper - deviation))
    decay = 0.5 * terms.forward * rise * volatility / PERCENT / np.sqrt(terms.years)
    return Sensitivities(
        delta=delta,
        gamma=rise / (terms.forward * deviation),
        theta=(terms.rate / PERCENT * worth - decay) / DAYS_A_YEAR,
        vega=terms.forward * rise * np.sqrt(terms.years) / PERCENT,
    )
