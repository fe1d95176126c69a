"""The year chart, read in pieces: from the engine's cache with what has closed and formed since, or from the stores.

A chart has up to a hundred thousand bars: read at once they hold up everybody's loop, and fill 60 MB.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from engine.market import Candle, CandleState
from engine.market.portions import portion
from engine.market.timeframe import length_s
from engine.market.views import View
from engine.storage.history import newest
from web.adjusting import Adjusting
from web.bars import Bar, bar_of
from web.services import Services

PIECE: Final = 4_200
"""Buckets read at once: some three days of minutes, read and written within ten milliseconds."""
_DAY: Final = timedelta(days=1)
_YOUNG_NS: Final = 2 * 86_400 * 1_000_000_000
"""Of what closed within two days the live candles know better than the cache."""


class YearChart:
    """One instrument's chart. What is to be said of it is known when all bars are read."""

    def __init__(
        self,
        rules: Services,
        instrument: str,
        timeframe: str,
        view: View,
        adjusting: Adjusting,
        *,
        start_ns: int,
        now_ns: int,
    ) -> None:
        self._rules = rules
        self._calendar = rules.directory.listing.calendars.of(instrument)
        self._instrument = instrument
        self._timeframe = timeframe
        self._view = view
        self._adjusting = adjusting
        self._start_ns = start_ns
        self._now_ns = now_ns
        self._missing: set[str] = set()
        self._built_ns = 0
        self.forming: Bar | None = None

    @property
    def built_ms(self) -> int | None:
        """When the engine built its cache; ``None`` without one."""
        return self._built_ns // 1_000_000 or None

    @property
    def missing(self) -> list[str]:
        """The stores that could not be read."""
        return sorted(self._missing)

    async def bars(self) -> AsyncIterator[list[Bar]]:
        """All that have closed, oldest first, as the view shows them; the one that forms is kept aside."""
        before: list[Candle] = []
        async for read in self._candles():
            if not read:
                continue
            candles = self._adjusting.shown(self._instrument, read, self._calendar)
            since_ns = max(self._start_ns, candles[0].time)
            shown = self._view.since([*before, *candles], self._calendar, since_ns)
            before = [candles[-1]]
            self.forming = next((bar_of(one) for one in shown if one.state is CandleState.FORMING), None)
            yield [bar_of(one) for one in shown if one.state is not CandleState.FORMING]

    async def _candles(self) -> AsyncIterator[list[Candle]]:
        about = await self._rules.hot.chart_about(self._instrument, self._timeframe)
        if about is None:
            async for candles in self._stored():
                yield candles
            return
        self._built_ns = about.built_ns
        young_ns = max(self._start_ns, self._now_ns - _YOUNG_NS)
        settled = self._calendar.local_date(young_ns) - 2 * _DAY
        days = self._days()
        for part in self._parts([day for day in days if day <= settled]):
            yield await self._rules.hot.chart_days(self._instrument, self._timeframe, part)
        kept = await self._rules.hot.chart_days(
            self._instrument, self._timeframe, [day for day in days if day > settled]
        )
        young = await self._rules.reader.live(self._instrument, self._timeframe, young_ns, self._now_ns + 1)
        yield newest([*kept, *young])

    def _days(self) -> list[date]:
        """A day more at the beginning, for views to go on from."""
        first, last = (self._calendar.local_date(time_ns) for time_ns in (self._start_ns, self._now_ns))
        return [day.date for day in self._calendar.trading_days(first - _DAY, last + _DAY)]

    def _parts(self, days: Sequence[date]) -> Iterator[Sequence[date]]:
        length = max(1, PIECE * length_s(self._timeframe) // 86_400)
        return (days[first : first + length] for first in range(0, len(days), length))

    async def _stored(self) -> AsyncIterator[list[Candle]]:
        before = self._calendar.previous_session(self._start_ns)
        start_ns, end_ns = before.start_ns if before else self._start_ns, self._now_ns + 1
        while start_ns < end_ns:
            span = portion(self._calendar, self._timeframe, start_ns, end_ns, PIECE)
            found = await self._rules.reader.rows(self._instrument, self._timeframe, *span)
            self._missing.update(found.missing)
            yield found.candles
            start_ns = span[1]
