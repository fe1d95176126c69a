"""The forward: what the underlying costs for delivery at the options' expiry, and where that is known from."""

from statistics import median
from typing import Final, NamedTuple

import numpy as np

from engine.market.chain_snapshot import ForwardSource
from engine.market.normal import Array

_NEAREST: Final = 7
"""Strikes that parity is read from: enough for a median, and all so near the money that both options are traded."""
_FEWEST: Final = 3


class Forward(NamedTuple):
    """A price for delivery at expiry."""

    price: float
    source: ForwardSource


def forward_of(*, future: float | None, parity: float | None, spot: float | None, growth: float) -> Forward | None:
    """The best that is known: the future of the same expiry, else put-call parity, else the spot carried at the rate.

    ``growth`` is what one unit of currency becomes until expiry. None where nothing is known, or no price is above 0.
    """
    carried = None if spot is None else spot * growth
    found = ((future, ForwardSource.FUTURE), (parity, ForwardSource.PARITY), (carried, ForwardSource.SPOT))
    return next((Forward(price, source) for price, source in found if price is not None and price > 0.0), None)


def parity_forward(strikes: Array, calls: Array, puts: Array, growth: float) -> float | None:
    """The forward at which calls and puts of the same strike are worth the same: ``strike + (call - put) · growth``.

    The median over the strikes where both cost about the same, which are those around the money: one wrong quote moves it
    little. NaN is a price that is not known. None with fewer than three strikes to compare.
    """
    gaps = calls - puts
    known = np.flatnonzero(~np.isnan(gaps))
    if len(known) < _FEWEST:
        return None
    nearest = known[np.argsort(np.abs(gaps[known]), kind="stable")[:_NEAREST]]
    return median((strikes[nearest] + gaps[nearest] * growth).tolist())
