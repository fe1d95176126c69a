"""The past: candles as the server has them, with what is missing among them and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticktree_client.events import Candle, time_of


@dataclass(frozen=True, slots=True)
class Gap:
    """Candles that should be there and are not, from ``start`` to before ``end``."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """The candles of a range by time, and its gaps; ``complete`` when nothing is missing."""

    candles: tuple[Candle, ...]
    gaps: tuple[Gap, ...]
    complete: bool


def candles_of(symbol: str, timeframe: str, page: Mapping[str, Any]) -> Iterator[Candle]:
    """The candles of one page of ``/api/v1/bars``."""
    for bar in page["bars"].get(symbol, ()):
        yield Candle(
            symbol,
            timeframe,
            time_of(bar["t"]),
            bar["o"],
            bar["h"],
            bar["l"],
            bar["c"],
            bar["v"],
            bar["oi"],
            bar["state"],
            bar["rev"],
            bar["source"],
        )


def gaps_of(page: Mapping[str, Any]) -> Iterator[Gap]:
    """The gaps of one page."""
    for gap in page["gaps"]:
        yield Gap(_instant(gap["start"]), _instant(gap["end"]), gap["reason"])


def _instant(told: str | int) -> datetime:
    return time_of(told) if isinstance(told, int) else datetime.fromisoformat(told)
