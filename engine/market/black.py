"""Black's formula of 1976 without units: an option's time value over the mean of forward and strike, and its inverse.

``distance = |ln(forward / strike)|`` and ``deviation = volatility √years``. A call and a put of the same strike have the same
time value, that of the one out of the money, so one function serves all options (after P. Jäckel, "Let's be rational").
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from engine.market.normal import ROOT_TWO, ROOT_TWO_PI, Array, scaled_tail

WIDEST: Final = 40.0
"""At this deviation the formula has reached its bound in double precision."""

_FAR: Final = 0.08331547058768628
"""Time value over distance where the distance is one deviation: ``φ(1) - Φ(-1)``."""
_ROUNDS: Final = 16
_SETTLED: Final = 1e-7
"""Relative; the next step would be its square or less."""
_BOUNDED: Final = 4.0
"""By how many times a step may change the deviation: a guard, not a pace."""


def time_value(distance: Array, deviation: Array) -> Array:
    """Time value over ``√(forward · strike)``, for a deviation in ``(0, WIDEST]``.

    Written with scaled tails, it keeps its digits far from the money, where the textbook's difference loses them.
    """
    half = 0.5 * deviation
    steps = distance / deviation
    near, far = (steps - half) / ROOT_TWO, (steps + half) / ROOT_TWO
    return 0.5 * np.exp(-0.5 * (steps * steps + half * half)) * (scaled_tail(near) - scaled_tail(far))


def slope(distance: Array, deviation: Array) -> Array:
    """By how much the time value grows with the deviation."""
    steps = distance / deviation
    return np.exp(-0.5 * (steps * steps + 0.25 * deviation * deviation)) / ROOT_TWO_PI


def deviation_of(distance: Array, value: Array) -> Array:
    """The deviation that explains a time value in ``(0, exp(-distance / 2))``; three or four rounds find it."""
    is_far = value < _FAR * distance
    deviation = np.empty_like(value)
    deviation[is_far] = _far_deviation(distance[is_far], value[is_far])
    deviation[~is_far] = _near_deviation(distance[~is_far], value[~is_far])
    return deviation


def _near_deviation(distance: Array, value: Array) -> Array:
    """Within one deviation of the money: Halley's method on the value, from its expansion there (Corrado and Miller, 1996)."""

    def improved(deviation: Array) -> Array:
        newton = (value - time_value(distance, deviation)) / slope(distance, deviation)
        bend = distance * distance / deviation**3 - 0.25 * deviation
        return deviation + newton / (1.0 + 0.5 * newton * bend)

    middle = value + 0.5 * distance
    root = np.sqrt(np.maximum(middle * middle - distance * distance / np.pi, 0.0))
    return _settled(improved, np.sqrt(0.5 * np.pi) * (middle + root))


def _far_deviation(distance: Array, value: Array) -> Array:
    """Beyond it the value falls as a bell's tail: Newton's method on ``√(-2 ln value)``, almost a line in the steps.

    It starts where ``value / distance`` is ``φ(steps) / steps³``.
    """
    fall = np.sqrt(-2.0 * np.log(value))

    def improved(deviation: Array) -> Array:
        found, steps = time_value(distance, deviation), distance / deviation
        found_fall = np.sqrt(-2.0 * np.log(found))
        bend = found * found_fall / (slope(distance, deviation) * deviation)
        return distance / (steps * (1.0 + (fall - found_fall) * bend))

    start = np.sqrt(-2.0 * np.log(value / distance))
    return _settled(improved, distance / np.sqrt(start * start - np.log(2.0 * np.pi) - 6.0 * np.log(start - 1.0)))


def _settled(improved: Callable[[Array], Array], deviation: Array) -> Array:
    for _ in range(_ROUNDS):
        before = deviation
        deviation = np.clip(improved(before), before / _BOUNDED, np.minimum(before * _BOUNDED, WIDEST))
        if np.all(np.abs(deviation - before) <= _SETTLED * before):
            break
    return deviation
