"""The sieve: which bars of a provider's history may heal anything, and which need a second look."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle
from engine.market.limits import Limits, flaw_of
from engine.market.quarantine import BarFinding

MOST_REMEMBERED: Final = 10_000
"""Bars that wait for their second look; of more the oldest are forgotten, and looked at twice more."""

_Prices = tuple[float, float, float, float]


class Sifted(msgspec.Struct, frozen=True):
    """The bars of one answer, told apart."""

    sound: list[Candle]
    """What may heal; those confirmed are among them."""
    refused: tuple[BarFinding, ...] = ()
    """Those that can not be true, whoever says so."""
    doubted: tuple[BarFinding, ...] = ()
    """Those that may be true, once they have been told again."""
    confirmed: tuple[BarFinding, ...] = ()
    """Those doubted before that were now told just so a second time."""


class BarSieve:
    """Refuses bars that contradict themselves. A young bar with a long wick counts only when it is told twice.

    Providers correct fresh bars within minutes: a wick that was a bad print of theirs is gone at the second look, by
    the same provider or another one. What is settled history looks the same however often it is read.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], _Prices] = {}

    def sift(
        self, bars: Sequence[Candle], limits: Limits, tick_size: float, calendar: Calendar, *, young_ns: int
    ) -> Sifted:
        """Tells minutes apart; those that open at ``young_ns`` or later are young. Times of no session fall through."""
        sound: list[Candle] = []
        refused: list[BarFinding] = []
        doubted: list[BarFinding] = []
        confirmed: list[BarFinding] = []
        for bar in bars:
            flaw = flaw_of(bar) or _misplaced(bar, calendar)
            if flaw:
                refused.append(BarFinding(bar, flaw))
            elif bar.time < young_ns or not limits.wick_is_long(bar, tick_size):
                sound.append(bar)
            elif self._was_told(bar):
                sound.append(bar)
                confirmed.append(BarFinding(bar, _LONG_WICK))
            else:
                doubted.append(BarFinding(bar, _LONG_WICK))
        return Sifted(sound, tuple(refused), tuple(doubted), tuple(confirmed))

    def _was_told(self, bar: Candle) -> bool:
        key, prices = (bar.instrument, bar.time), (bar.open, bar.high, bar.low, bar.close)
        if self._seen.pop(key, None) == prices:
            return True
        self._seen[key] = prices
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return False


_LONG_WICK: Final = "its wick is longer than its limit"


def _misplaced(bar: Candle, calendar: Calendar) -> str:
    """A time of no session is no candle's, and no error either: providers tell of auctions, too."""
    bucket = calendar.bucket("1m", bar.time)
    if bucket is None or bucket.start_ns == bar.time:
        return ""
    return f"its time {bar.time} is no minute's beginning"
