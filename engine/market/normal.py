"""The normal distribution over whole arrays, to the last digit.

Written here for its two functions' sake: scipy, which has them too, adds half a second to every start, 24 MB to the memory
and 110 MB to the disk.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOT_TWO: Final = float(np.sqrt(2.0))
ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))

_CENTRE: Final = 4.0
_TAIL: Final = (
    -2.659598307542298e-10,
    9.311745601588638e-10,
    3.1695873811790446e-09,
    -1.2346866401266713e-08,
    -2.056064720772002e-08,
    1.0633855707314176e-07,
    7.746992425523124e-08,
    -8.210939055047066e-07,
    2.919733405666396e-07,
    5.7066044159925474e-06,
    -1.1221287014023357e-05,
    -2.4397746423060283e-05,
    0.00015062149001307117,
    -0.00019925714661068105,
    -0.0007577732613732693,
    0.0050319700676574345,
    -0.016197734059799237,
    0.03716751552655568,
    -0.06633036581218699,
    0.0937328349990944,
    -0.10103906603630056,
    0.06809705425466908,
    0.015379652102619604,
    -0.1396211168405623,
    1.2329951186255526,
)
"""Of ``(1 + 2x) exp(x²) erfc(x)`` as a polynomial in ``(x - 4) / (x + 4)``, the highest power first.

Chebyshev's interpolation after Shepherd and Laframboise (1981), reckoned with forty digits: for all x from 0 on the error is
below 5e-16 of the value.
"""


def density(x: Array) -> Array:
    """The standard normal distribution's density at x."""
    return np.exp(-0.5 * x * x) / ROOT_TWO_PI


def cumulative(x: Array) -> Array:
    """The share of the standard normal distribution below x."""
    beyond = 0.5 * np.exp(-0.5 * x * x) * scaled_tail(np.abs(x) / ROOT_TWO)
    return np.where(x < 0.0, beyond, 1.0 - beyond)


def scaled_tail(x: Array) -> Array:
    """``exp(x²) erfc(x)``: the tail without the factor that underflows in it; for x above -26."""
    size = np.abs(x)
    place = (size - _CENTRE) / (size + _CENTRE)
    tail = np.full_like(place, _TAIL[0])
    for coefficient in _TAIL[1:]:
        tail *= place
        tail += coefficient
    tail /= 1.0 + 2.0 * size
    is_left = x < 0.0
    tail[is_left] = 2.0 * np.exp(np.square(x[is_left])) - tail[is_left]
    return tail
