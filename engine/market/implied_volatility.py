"""Implied volatility: the one at which Black's formula gives the price that was paid, or why there is none."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.market.black import deviation_of
from engine.market.greeks import PERCENT, Terms
from engine.market.normal import Array

_ROUNDING: Final = 1e-9
"""A time value smaller than this share of the forward is what floating point left over, not an opinion of the market."""


class Reason(StrEnum):
    """Why a price has no implied volatility; the first of these that applies."""

    NO_FORWARD = "no_forward"
    """It is not known what the option is on costs."""
    EXPIRED = "expired"
    """No time is left."""
    NO_PRICE = "no_price"
    """Nobody traded it, and nobody quotes both sides."""
    BELOW_INTRINSIC = "below_intrinsic"
    """It costs less than exercising it at the forward would bring."""
    NO_TIME_VALUE = "no_time_value"
    """It costs exactly what exercising it would bring: no volatility is small enough."""
    ABOVE_BOUND = "above_bound"
    """It costs as much as the forward (a call) or its strike (a put): no volatility is large enough."""


REASONS: Final = (None, *Reason)
"""By the numbers in ``ImpliedVolatility.reason``."""


@dataclass(frozen=True, slots=True)
class ImpliedVolatility:
    """Per cent a year, and NaN where ``reason`` is not 0."""

    volatility: Array
    reason: NDArray[np.int64]
    """Places in ``REASONS``."""


def implied_volatility(terms: Terms, paid: Array) -> ImpliedVolatility:
    """What prices say of the volatility until expiry."""
    excess = paid - terms.intrinsic
    noise = _ROUNDING * terms.forward
    conditions = (
        ~(terms.forward > 0.0),
        ~(terms.years > 0.0),
        ~(paid > 0.0),
        excess < -noise,
        excess <= noise,
        paid >= terms.bound - noise,
    )
    reason = np.select(conditions, range(1, len(REASONS)), 0)
    solvable = reason == 0
    deviation = deviation_of(np.abs(terms.moneyness[solvable]), (excess / terms.scale)[solvable])
    volatility = np.full(len(reason), np.nan)
    volatility[solvable] = PERCENT * deviation / np.sqrt(terms.years[solvable])
    return ImpliedVolatility(volatility, reason)
