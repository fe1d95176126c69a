"""The valuation of chains: volatilities and Greeks of all their legs in one go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.chain_reading import ChainReading
from engine.market.greeks import Sensitivities, Terms, sensitivities
from engine.market.implied_volatility import implied_volatility
from engine.market.normal import Array


@dataclass(frozen=True, slots=True)
class Valuation:
    """What the legs of a chain are worth, a column for each figure; NaN: can not be computed."""

    volatility: Array
    """Per cent a year."""
    reason: NDArray[np.int64]
    """Why there is none: places in ``REASONS``."""
    greeks: Sensitivities

    def part(self, start: int, stop: int) -> "Valuation":
        """Some of the legs."""
        cut = slice(start, stop)
        greeks = self.greeks
        return Valuation(
            self.volatility[cut],
            self.reason[cut],
            Sensitivities(greeks.delta[cut], greeks.gamma[cut], greeks.theta[cut], greeks.vega[cut]),
        )


def value(readings: Sequence[ChainReading]) -> list[Valuation]:
    """The legs of all chains, reckoned as one column: a call into numpy costs as much for ten numbers as for a thousand."""
    terms = [reading.terms for reading in readings]
    together = Terms(
        forward=np.concatenate([one.forward for one in terms]),
        strike=np.concatenate([one.strike for one in terms]),
        years=np.concatenate([one.years for one in terms]),
        rate=np.concatenate([one.rate for one in terms]),
        is_call=np.concatenate([one.is_call for one in terms]),
    )
    implied = implied_volatility(together, np.concatenate([reading.prices.price for reading in readings]))
    all_legs = Valuation(implied.volatility, implied.reason, sensitivities(together, implied.volatility))
    ends = np.cumsum([len(reading.legs) for reading in readings]).tolist()
    return [all_legs.part(end - len(reading.legs), end) for reading, end in zip(readings, ends, strict=True)]
