"""Views: candles as somebody wants to see them. Never stored, and never mistaken for what was traded."""

from collections.abc import Iterable, Sequence
from typing import Final, Self

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle
from engine.market.errors import MarketError
from engine.market.timeframe import length_s

LONGEST_GAP_NS: Final = 10 * 3600 * 1_000_000_000
"""Over a longer pause an open is news, and stays what it was."""

_PERCENT: Final = ("%", "pct")
_MOST: Final = 1e9


class ViewError(MarketError):
    """There is no such view:"""


class WickLimit(msgspec.Struct, frozen=True):
    """How far a wick may reach out of a candle's body, in points or in percent of the body's edge."""

    amount: float
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The limit written ``10`` (points) or ``0.5%`` (also ``0.5pct``, which needs no escape in an address)."""
        unit = next((unit for unit in _PERCENT if text.endswith(unit)), "")
        try:
            amount = float(text.removesuffix(unit))
        except ValueError:
            amount = -1.0
        if not 0 <= amount <= _MOST:
            raise ViewError(f"a limit for wicks is written 10 or 0.5%, not {text[:40]!r}")
        return cls(amount, bool(unit))

    def clamped(self, opening: float, high: float, low: float, close: float) -> tuple[float, float]:
        """High and low, as far out as they may be."""
        top, bottom = max(opening, close), min(opening, close)
        return min(high, top + self._reach(top)), max(low, bottom - self._reach(bottom))

    def _reach(self, edge: float) -> float:
        return abs(edge) * self.amount / 100 if self.percent else self.amount

    def __str__(self) -> str:
        return f"{self.amount:g}{'%' if self.percent else ''}"


class View(msgspec.Struct, frozen=True):
    """How candles are to be shown. Only open, high and low differ from the candle; no view changes what was closed at."""

    continuous: bool = False
    """Each open is the close before it, where the pause between the two buckets is at most 10 hours."""
    wick: WickLimit | None = None

    @classmethod
    def parse(cls, continuous: str, wick: str) -> Self:
        """The view of two parameters as callers write them; an empty one asks for nothing."""
        if continuous.casefold() not in _TRUTHS:
            raise ViewError(f"continuous is true or false, was {continuous[:40]!r}")
        return cls(_TRUTHS[continuous.casefold()], WickLimit.parse(wick) if wick else None)

    @property
    def label(self) -> dict[str, object]:
        """What an answer says of its candles when they are shown otherwise than they were traded; else empty."""
        shown: dict[str, object] = {"continuous": True} if self.continuous else {}
        return shown | ({"wick": str(self.wick)} if self.wick else {})

    def prices(
        self, opening: float, high: float, low: float, close: float, before: float | None
    ) -> tuple[float, float, float]:
        """Open, high and low as they are shown; ``before`` is the close to go on from, None where there is none."""
        if self.continuous and before is not None:
            opening, high, low = before, max(high, before), min(low, before)
        if self.wick is not None:
            high, low = self.wick.clamped(opening, high, low, close)
        return opening, high, low

    def of(self, candles: Iterable[Candle], calendar: Calendar) -> list[Candle]:
        """One instrument's candles of one timeframe, oldest first, as they are shown; the first one has none before it."""
        if not self.continuous and self.wick is None:
            return list(candles)
        shown: list[Candle] = []
        before: Candle | None = None
        for candle in candles:
            close = before.close if before is not None and joins(before, candle, calendar) else None
            opening, high, low = self.prices(candle.open, candle.high, candle.low, candle.close, close)
            shown.append(msgspec.structs.replace(candle, open=opening, high=high, low=low))
            before = candle
        return shown

    def since(self, candles: Sequence[Candle], calendar: Calendar, start_ns: int) -> list[Candle]:
        """The same of candles from ``start_ns`` on, with what came before them only as what they go on from."""
        return [candle for candle in self.of(candles, calendar) if candle.time >= start_ns]


_TRUTHS: Final = {"": False, "false": False, "0": False, "no": False, "true": True, "1": True, "yes": True}


def joins(before: Candle, candle: Candle, calendar: Calendar) -> bool:
    """Whether the pause between the end of one bucket and the begin of the next is short enough to go on over it."""
    return candle.time - _end_ns(before, calendar) <= LONGEST_GAP_NS


def _end_ns(candle: Candle, calendar: Calendar) -> int:
    bucket = calendar.bucket(candle.timeframe, candle.time)
    return candle.time + length_s(candle.timeframe) * 1_000_000_000 if bucket is None else bucket.end_ns
