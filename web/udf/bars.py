"""Bars: a stretch of an instrument's candles as the table of the charting library."""

import math
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import Candle
from engine.market.timeframe import length_s
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageUnavailableError
from engine.storage.history import CandleReader

MOST_BARS: Final = 10_000
"""In one answer, the newest; the library asks for what came before by itself."""
_SECOND_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_EPOCH_ORDINAL: Final = 719_163
"""Of 1970-01-01."""


class Window(msgspec.Struct, frozen=True):
    """What is asked for: bars whose shown time lies in [from, to), or so many before ``to``."""

    from_s: int
    to_s: int
    count: int | None = None


class Table(msgspec.Struct, frozen=True):
    """Bars, a column each; times in unix seconds."""

    s: Literal["ok"]
    t: list[int]
    o: list[float]
    h: list[float]
    l: list[float]  # noqa: E741 - as the protocol calls it
    c: list[float]
    v: list[int]


def shown_s(candle: Candle, calendar: Calendar) -> int:
    """When the library wants to see a bar: when it opens, and a day at midnight UTC of its date."""
    if candle.timeframe != "1d":
        return candle.time // _SECOND_NS
    return (calendar.session_date(candle.time).toordinal() - _EPOCH_ORDINAL) * _DAY_S


def table_of(candles: Sequence[Candle], calendar: Calendar) -> Table:
    """The table of candles."""
    return Table(
        "ok",
        [shown_s(candle, calendar) for candle in candles],
        [candle.open for candle in candles],
        [candle.high for candle in candles],
        [candle.low for candle in candles],
        [candle.close for candle in candles],
        [candle.volume for candle in candles],
    )


class BarSource:
    """Reads bars of one instrument and timeframe."""

    def __init__(
        self, reader: CandleReader, durable: DurableStore, calendar: Calendar, instrument: str, timeframe: str
    ) -> None:
        self._reader = reader
        self._durable = durable
        self._calendar = calendar
        self._instrument = instrument
        self._timeframe = timeframe
        self._margin_ns = _DAY_S * _SECOND_NS if timeframe == "1d" else 0
        """A day may open the evening before the date under which it is shown."""

    async def bars(self, window: Window) -> list[Candle]:
        """The candles of a window that have all their prices, oldest first."""
        count = min(window.count or MOST_BARS, MOST_BARS)
        earliest_ns = 0 if window.count else max(0, window.from_s * _SECOND_NS - self._margin_ns)
        end_ns = window.to_s * _SECOND_NS + self._margin_ns
        start_ns = await self._start_ns(earliest_ns, end_ns, count + 2)
        found = await self._reader.rows(self._instrument, self._timeframe, start_ns, end_ns)
        from_s = 0 if window.count else window.from_s
        inside = [candle for candle in found.candles if _whole(candle) and from_s <= self._shown(candle) < window.to_s]
        return inside[-count:]

    async def before_s(self, from_s: int) -> int | None:
        """When the newest saved bar before that time is shown; None when there is none."""
        end_ns = from_s * _SECOND_NS - self._margin_ns
        ns = await self._durable.nth_time(self._instrument, self._timeframe, 0, max(0, end_ns), 0, newest_first=True)
        if ns is None:
            return None
        return shown_s(Candle(self._instrument, self._timeframe, ns, 0, 0, 0, 0, 0), self._calendar)

    async def _start_ns(self, earliest_ns: int, end_ns: int, count: int) -> int:
        """Where so many bars before the end begin, and not earlier than that."""
        try:
            ns = await self._durable.nth_time(
                self._instrument, self._timeframe, earliest_ns, end_ns, count, newest_first=True
            )
        except StorageUnavailableError:  # what Redis holds is young: so many buckets from the end
            ns = end_ns - count * length_s(self._timeframe) * _SECOND_NS
        return earliest_ns if ns is None else max(earliest_ns, ns)

    def _shown(self, candle: Candle) -> int:
        return shown_s(candle, self._calendar)


def _whole(candle: Candle) -> bool:
    """The library draws nothing at all when a price of one bar is null."""
    return not math.isnan(candle.open + candle.high + candle.low + candle.close)
