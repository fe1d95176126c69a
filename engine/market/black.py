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
_ROUNDS: Final = 60
_SETTLED: Final = 1e-5
"""Relative; the next step would be less than its square."""
_BOUNDED: Final = 4.0
"""By how many times a step may change the deviation: a guard, not a pace."""

_Step = Callable[[Array, Array, Array], Array]
"""From distance, value and a deviation to a better one."""


def time_value(distance: Array, deviation: Array) -> Array:
    """Time value over ``√(forward · strike)``, for a deviation in ``(0, WIDEST]``.

    Written with scaled tails, it keeps its digits far from the money, where the textbook's difference loses them.
    """
    half = 0.5 * deviation
    steps = distance / deviation
    near, far = scaled_tail(np.stack((steps - half, steps + half)) / ROOT_TWO)
    return 0.5 * np.exp(-0.5 * (steps * steps + half * half)) * (near - far)


def slope(distance: Array, deviation: Array) -> Array:
    """By how much the time value grows with the deviation."""
    steps = distance / deviation
    return np.exp(-0.5 * (steps * steps + 0.25 * deviation * deviation)) / ROOT_TWO_PI


def deviation_of(distance: Array, value: Array) -> Array:
    """The deviation that explains a time value in ``(0, exp(-distance / 2))``.

    Three or four rounds find it, where the value is all but its bound ten or twenty.
    """
    is_far = value < _FAR * distance
    deviation = np.empty_like(value)
    for group, start, improve in ((is_far, _far_start, _far_step), (~is_far, _near_start, _near_step)):
        deviation[group] = _settled(improve, distance[group], value[group], start(distance[group], value[group]))
    return deviation


def _settled(improve: _Step, distance: Array, value: Array, deviation: Array) -> Array:
    """Improved until it stands; what stands is left alone, so that one odd option does not hold up all others."""
    moving = np.arange(len(value))
    for _ in range(_ROUNDS):
        before = deviation[moving]
        after = improve(distance[moving], value[moving], before)
        after = np.clip(after, before / _BOUNDED, np.minimum(before * _BOUNDED, WIDEST))
        deviation[moving] = after
        moving = moving[np.abs(after - before) > _SETTLED * before]
        if not len(moving):
            break
    return deviation


def _near_start(distance: Array, value: Array) -> Array:
    """From the formula's expansion at the money (Corrado and Miller, 1996)."""
    middle = value + 0.5 * distance
    root = np.sqrt(np.maximum(middle * middle - distance * distance / np.pi, 0.0))
    return np.sqrt(0.5 * np.pi) * (middle + root)


def _near_step(distance: Array, value: Array, deviation: Array) -> Array:
    """Within one deviation of the money: Halley's method on the value."""
    newton = (value - time_value(distance, deviation)) / slope(distance, deviation)
    bend = distance * distance / deviation**3 - 0.25 * deviation
    return deviation + newton / (1.0 + 0.5 * newton * bend)


def _far_start(distance: Array, value: Array) -> Array:
    """Where ``value / distance`` is ``φ(steps) / steps³``, as in a bell's tail."""
    fall = np.sqrt(-2.0 * np.log(value / distance))
    return distance / np.sqrt(fall * fall - np.log(2.0 * np.pi) - 6.0 * np.log(fall - 1.0))


def _far_step(distance: Array, value: Array, deviation: Array) -> Array:
    """Beyond it: Newton's method on ``√(-2 ln value)``, which is almost a straight line in the steps."""
    found, steps = time_value(distance, deviation), distance / deviation
    fall, found_fall = np.sqrt(-2.0 * np.log(value)), np.sqrt(-2.0 * np.log(found))
    bend = found * found_fall / (slope(distance, deviation) * deviation)
    return distance / (steps * (1.0 + (fall - found_fall) * bend))
