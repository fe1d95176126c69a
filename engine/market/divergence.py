"""Divergence: two providers that tell different prices of one instrument, and go on doing so."""

from collections.abc import Collection

import msgspec

LOOKS = 2
"""So many times in a row two prices have to differ before anybody is told: one of them may just have been older."""
LEAST_TICKS = 3.0
"""Prices that differ by so few of the instrument's ticks are the same: a percent of a cheap one is less than one tick."""


class Told(msgspec.Struct, frozen=True):
    """What each of two providers says of an instrument."""

    instrument: str
    tick_size: float
    live: Collection[float]
    """What the one that carries it said, before and after the other was asked."""
    carrier: str
    price: float
    other: str


class Finding(msgspec.Struct, frozen=True):
    """News of an instrument: its providers differ, or no longer do."""

    instrument: str
    words: str
    is_over: bool = False


class Divergences:
    """Remembers who has differed how often. ``percent``: prices that are closer than this are the same."""

    def __init__(self, percent: float) -> None:
        self._share = percent / 100
        self._looks: dict[str, int] = {}
        """How many looks in a row an instrument's prices differed."""

    @property
    def doubtful(self) -> list[str]:
        """Those that have to be compared again."""
        return list(self._looks)

    @property
    def told(self) -> int:
        """How many differ."""
        return sum(looks >= LOOKS for looks in self._looks.values())

    def compare(self, told: Told) -> Finding | None:
        """One more look; what of it is news."""
        gap = min(abs(price - told.price) for price in told.live)
        if gap <= max(self._share * told.price, LEAST_TICKS * told.tick_size):
            looks = self._looks.pop(told.instrument, 0)
            return (
                Finding(told.instrument, f"{_sentence(told)}: they agree again", is_over=True)
                if looks >= LOOKS
                else None
            )
        self._looks[told.instrument] = looks = self._looks.get(told.instrument, 0) + 1
        if looks != LOOKS:
            return None
        return Finding(told.instrument, f"{_sentence(told)}: {gap / told.price:.1%} apart, at two looks in a row")

    def forget(self, instruments: Collection[str]) -> None:
        """Those that can not be compared now: what was found of them may have become untrue."""
        for name in instruments:
            self._looks.pop(name, None)


def _sentence(told: Told) -> str:
    newest = list(told.live)[-1]
    return f"{told.carrier} says {newest:g}, {told.other} says {told.price:g}"
