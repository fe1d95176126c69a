"""Candles of one instrument and timeframe as a view shows them: it remembers the closes that opens go on from."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from engine.market import Calendar, Candle, View
from engine.market.views import LONGEST_GAP_NS
from web.protocol import CandleValue

MOST_CLOSES: Final = 1_000
"""More than ten hours of minutes."""

CalendarOf = Callable[[str], Calendar]
"""The calendar of an instrument."""


def around_the_clock(_: str) -> Calendar:
    """For who has no calendars: every pause is as long as it looks."""
    return Calendar.continuous()


class Shown:
    """Applies a view to values as they come. ``ready`` when it knows what came before the first of them."""

    def __init__(self, view: View, calendar: Calendar, timeframe: str) -> None:
        self.view = view
        self.ready = not view.continuous
        self._calendar = calendar
        self._timeframe = timeframe
        self._times: list[int] = []
        self._closes: dict[int, float] = {}

    def begin(self, candles: Iterable[Candle]) -> None:
        """What had closed before; what came meanwhile is newer."""
        for candle in candles:
            if candle.time not in self._closes:
                self._note(candle.time, candle.close)
        self.ready = True

    def join(self, other: "Shown") -> None:
        """Takes over what another one knows of the same candles."""
        for time, close in other.closes.items():
            self._note(time, close)
        self.ready = self.ready or other.ready

    @property
    def closes(self) -> dict[int, float]:
        """What it knows, by the open of the bucket."""
        return self._closes

    def closed(self, value: CandleValue) -> None:
        """A final or revised candle, or one that forms no more because the next one does."""
        self._note(value.time, value.close)

    def of(self, value: CandleValue) -> CandleValue:
        """A value as the view shows it."""
        before = self._before(value.time) if self.view.continuous else None
        opening, high, low = self.view.prices(value.open, value.high, value.low, value.close, before)
        return msgspec.structs.replace(value, open=opening, high=high, low=low)

    def _note(self, time: int, close: float) -> None:
        if time not in self._closes:
            insort(self._times, time)
        self._closes[time] = close
        if len(self._times) > MOST_CLOSES:
            del self._closes[self._times.pop(0)]

    def _before(self, time: int) -> float | None:
        index = bisect_left(self._times, time)
        if index == 0:
            return None
        before = self._times[index - 1]
        bucket = self._calendar.bucket(self._timeframe, before)
        ended_ns = before if bucket is None else bucket.end_ns
        return self._closes[before] if time - ended_ns <= LONGEST_GAP_NS else None
