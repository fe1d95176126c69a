"""The normal distribution over whole arrays: the one door to scipy, which brings no types."""

from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

Array = NDArray[np.float64]

ROOT_TWO: Final = float(np.sqrt(2.0))
ROOT_TWO_PI: Final = float(np.sqrt(2.0 * np.pi))


def cumulative(x: Array) -> Array:
    """The share of the standard normal distribution below x."""
    return cast("Array", special.ndtr(x))  # pyright: ignore[reportUnknownMemberType]


def density(x: Array) -> Array:
    """The standard normal distribution's density at x."""
    return np.exp(-0.5 * x * x) / ROOT_TWO_PI


def scaled_tail(x: Array) -> Array:
    """``exp(x²) erfc(x)``: the tail without the factor that underflows in it."""
    return cast("Array", special.erfcx(x))  # pyright: ignore[reportUnknownMemberType]
