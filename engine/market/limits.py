"""Limits: how far a price may jump from the one before it, and how far a bar's wick may reach, before it is doubted."""

import math
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, Self, cast

import msgspec

from engine.market.candle import Candle
from engine.market.errors import MarketError
from engine.market.instrument import InstrumentKind

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(%|percent|ticks?|points?)")
_UNITS: Final = {"%": "percent", "percent": "percent", "tick": "ticks", "point": "points"}
_FIELDS: Final = frozenset({"jump", "wick"})


class LimitError(MarketError):
    """The limits can not be used:"""


class Reach(msgspec.Struct, frozen=True, gc=False):
    """A limit at one instrument's tick size: a share of the price or a fixed distance, whichever is longer."""

    share: float
    fixed: float
    """In the instrument's currency."""

    def of(self, price: float) -> float:
        """How far from a price another one may be."""
        return max(price * self.share, self.fixed)

    def half(self, price: float) -> float:
        """The largest x for which any two prices in ``[price - x, price + x]`` are within reach of each other.

        The lower end has the shorter reach, so x solves ``2x = of(price - x)``.
        """
        return max(price * self.share / (2.0 + self.share), self.fixed / 2.0)


class Limit(msgspec.Struct, frozen=True):
    """A distance in percent of a price, in ticks or in points (units of the price); of several the longest counts."""

    percent: float = 0.0
    ticks: float = 0.0
    points: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """``2%``, ``40 ticks``, ``15 points``, or several of them as in ``5% or 10 ticks``."""
        found: dict[str, float] = {}
        for part in text.split(" or "):
            match = _PART.fullmatch(part.strip())
            unit = _UNITS[match[2].removesuffix("s")] if match else ""
            if match is None or unit in found:
                raise LimitError(
                    f'expected a limit such as "2%", "40 ticks", "15 points" or "2% or 5 ticks", was {text!r}'
                )
            found[unit] = float(match[1])
        if not all(found.values()):
            raise LimitError(f"a limit is more than 0, was {text!r}")
        return cls(**found)

    def reach(self, tick_size: float) -> Reach:
        """At a tick size; one object for all instruments that share both."""
        return _reach(self, tick_size)


@cache
def _reach(limit: Limit, tick_size: float) -> Reach:
    return Reach(limit.percent / 100.0, max(limit.points, limit.ticks * tick_size))


class Limits(msgspec.Struct, frozen=True):
    """What one instrument's prices are held to."""

    jump: Limit
    """From one price to the next."""
    wick: Limit
    """Of a bar, above or below its body."""

    def wick_is_long(self, candle: Candle, tick_size: float) -> bool:
        """Whether a bar's high or low is so far from its body that it deserves a second look."""
        above = candle.high - max(candle.open, candle.close)
        below = min(candle.open, candle.close) - candle.low
        return max(above, below) > self.wick.reach(tick_size).of(candle.close)


class LimitTable:
    """The limits of all instruments: by kind, and what an exchange or an instrument has of its own."""

    def __init__(
        self,
        kinds: Mapping[str, Limits],
        exchanges: Mapping[str, Mapping[str, Limit]],
        instruments: Mapping[str, Mapping[str, Limit]],
    ) -> None:
        self._kinds = kinds
        self._exchanges = exchanges
        self._instruments = instruments

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Tables ``kinds``, ``exchanges`` and ``instruments`` of ``jump`` and ``wick``, as in ``config/limits.toml``.

        An instrument's name may end in ``*``, for all the contracts of a future; the longest name that fits counts.
        Raises ``LimitError`` with the entry that is wrong.
        """
        unknown = document.keys() - {"kinds", "exchanges", "instruments"}
        if unknown:
            raise LimitError(f"expected the tables kinds, exchanges and instruments, was {', '.join(sorted(unknown))}")
        kinds, exchanges, instruments = (
            {name: _entry(table, name, entry) for name, entry in _mapping(table, document.get(table, {})).items()}
            for table in ("kinds", "exchanges", "instruments")
        )
        if kinds.keys() != set(InstrumentKind) or any(entry.keys() != _FIELDS for entry in kinds.values()):
            raise LimitError(f"expected jump and wick of the kinds {', '.join(InstrumentKind)}, was {', '.join(kinds)}")
        return cls({kind: Limits(**entry) for kind, entry in kinds.items()}, exchanges, instruments)

    def of(self, instrument: str, kind: str) -> Limits:
        """The limits of an instrument by its canonical name."""
        limits = self._kinds[kind]
        own = self._exchanges.get(instrument.partition(":")[0], {})
        fitting = [name for name in self._instruments if fnmatchcase(instrument, name)]
        if fitting:
            own = {**own, **self._instruments[max(fitting, key=len)]}
        return Limits(own.get("jump", limits.jump), own.get("wick", limits.wick))


def flaw_of(candle: Candle) -> str:
    """Why a bar can not be true; empty when it can. Providers send nulls, and prices that contradict each other."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(is_price(price) for price in prices):
        return f"prices {prices} are not all numbers above 0"
    if candle.high < max(candle.open, candle.close) or candle.low > min(candle.open, candle.close):
        return f"prices {prices} are not in the order high, open and close, low"
    volume = cast("int | None", candle.volume)
    if volume is None or volume < 0:
        return f"volume {volume} is not a number from 0"
    return ""


def is_price(price: float | None) -> bool:
    """Whether it is a number above 0."""
    return isinstance(price, int | float) and math.isfinite(price) and price > 0


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise LimitError(f"{where}: expected a table, was {value!r}")
    return cast("dict[str, Any]", value)


def _entry(table: str, name: str, value: object) -> dict[str, Limit]:
    entry = _mapping(f"{table}.{name}", value)
    if not entry.keys() <= _FIELDS:
        raise LimitError(f"{table}.{name}: expected jump and wick, was {', '.join(sorted(entry.keys() - _FIELDS))}")
    try:
        return {field: Limit.parse(str(text)) for field, text in entry.items()}
    except LimitError as error:
        raise LimitError(f"{table}.{name}: {error}") from error
