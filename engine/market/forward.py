"""The forward: what the underlying costs for delivery at the options' expiry, and where that is known from."""

from statistics import median
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.market.chain_snapshot import ForwardSource
from engine.market.normal import Array

_NEAREST: Final = 7
"""Strikes that parity is read from: enough for a median, and all so near the money that both options are traded."""
_FEWEST: Final = 3


class Forward(NamedTuple):
    """A price for delivery at expiry."""

    price: float
    source: ForwardSource
    heard_ns: int
    """When the oldest of the prices that it is from was told, ns UTC."""


class Parity(NamedTuple):
    """A forward that calls and puts agree on."""

    price: float
    rows: NDArray[np.intp]
    """Of the strikes that say so."""


def parity_forward(strikes: Array, calls: Array, puts: Array, growth: float) -> Parity | None:
    """The forward at which calls and puts of the same strike are worth the same: ``strike + (call - put) · growth``.

    The median over the strikes where both cost about the same, which are those around the money: one wrong quote moves it
    little. ``growth`` is what one unit of currency becomes until expiry. NaN is a price that is not known. None with fewer than three strikes to compare.
    """
    gaps = calls - puts
    known = np.flatnonzero(~np.isnan(gaps))
    if len(known) < _FEWEST:
        return None
    nearest = known[np.argsort(np.abs(gaps[known]), kind="stable")[:_NEAREST]]
    return Parity(median((strikes[nearest] + gaps[nearest] * growth).tolist()), nearest)
