"""Chance that can be asked again: numbers that depend on nothing but what they are asked for."""

from random import Random

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """A 64-bit number that follows from the parts and shows no pattern in them."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def unit(*parts: int) -> float:
    """A number in [0, 1) that follows from the parts."""
    return mix(*parts) / 2**64


def drift(position: float, *parts: int) -> float:
    """A smooth curve between -1 and 1 along ``position``, with a new direction at every whole number."""
    left = int(position // 1)
    share = position - left
    share = share * share * (3 - 2 * share)
    return 2 * (unit(*parts, left) * (1 - share) + unit(*parts, left + 1) * share) - 1


def generator(*parts: int) -> Random:
    """A random generator whose sequence follows from the parts."""
    return Random(mix(*parts))
