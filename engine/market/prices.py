"""Prices on an instrument's grid: vendors send 32-bit floats, exchanges trade in ticks."""

import math
import struct
from decimal import Decimal

_FLOAT32 = struct.Struct("<f")
_FLOAT32_DIGITS = 9


class TickSize:
    """The smallest price step of an instrument, and rounding to it. 0 means unknown."""

    __slots__ = ("_digits", "_inverse", "size")

    def __init__(self, size: float) -> None:
        if not (math.isfinite(size) and size >= 0):
            raise ValueError(f"a tick size is 0 (unknown) or more, was {size}")
        self.size = size
        inverse = 1 / size if size else 0.0
        whole = round(inverse)
        self._inverse = whole if whole and math.isclose(inverse, whole, rel_tol=1e-9) else 0
        exponent = Decimal(repr(size)).as_tuple().exponent
        self._digits = max(0, -exponent) if isinstance(exponent, int) else 0

    @property
    def inverse(self) -> int:
        """Steps per unit of currency where that is a whole number, for decoders that round in place; else 0."""
        return self._inverse

    def round(self, price: float) -> float:
        """The step nearest to a price. Infinities and NaN, which only broken packets hold, come back as they are."""
        inverse = self._inverse
        try:
            if inverse:
                return round(price * inverse) / inverse
            if self.size:
                return round(round(price / self.size) * self.size, self._digits)
        except (ValueError, OverflowError):
            return price
        return shortest(price)


def shortest(price: float) -> float:
    """The shortest decimal that is the same 32-bit float: 25974.900390625 was 25974.9."""
    try:
        wanted = _FLOAT32.pack(price)
    except OverflowError:
        return price
    if not math.isfinite(price):
        return price
    digits = (d for d in range(_FLOAT32_DIGITS) if _FLOAT32.pack(round(price, d)) == wanted)
    return round(price, next(digits, _FLOAT32_DIGITS))
