"""The intraday page: an instrument's candles in long rows, read in portions so that nobody holds a year of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from engine.market.candle import Candle
from engine.market.portions import portion
from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS, View
from web.bars import PORTION, PageGaps, Sources, Span
from web.known_days import borders
from web.models.candles import DatedGap, Row

_SECOND_NS: Final = 1_000_000_000


class IntradayPage:
    """One page. Nothing is read before it is asked for; what the page tells of its rows is known when all are read."""

    def __init__(
        self, sources: Sources, instrument: str, timeframe: str, span: Span, view: View, *, now_ns: int
    ) -> None:
        self._reader = sources.reader
        self._ledger = sources.ledger
        self._calendar = sources.directory.calendar(instrument)
        self._instrument = instrument
        self._timeframe = timeframe
        self._span = span
        self._view = view
        self._now_ns = now_ns
        self._gaps = PageGaps(newest_first=False)
        self._complete = self._calendar.knows(span[0], min(span[1], now_ns))
        self._missing: set[str] = set()

    async def rows(self) -> AsyncIterator[list[Row]]:
        """All rows, oldest first, a portion at a time."""
        start_ns, end_ns = self._span
        while start_ns < end_ns:
            span = portion(self._calendar, self._timeframe, start_ns, end_ns, PORTION)
            yield await self._read(span)
            start_ns = span[1]

    @property
    def about(self) -> dict[str, Any]:
        """What is to be said of the rows that were read."""
        told = [DatedGap(iso(gap.start_ns), iso(gap.end_ns), gap.state, gap.reason) for gap in self._gaps.gaps()]
        known = borders(self._calendar, *self._span)
        return {"complete": self._complete, "gaps": told, **known, "missing": sorted(self._missing)}

    async def _read(self, span: Span) -> list[Row]:
        before_ns = LONGEST_GAP_NS + length_s(self._timeframe) * _SECOND_NS if self._view.continuous else 0
        found, gaps = await asyncio.gather(
            self._reader.rows(self._instrument, self._timeframe, span[0] - before_ns, span[1]),
            self._ledger.gaps(self._instrument, self._timeframe, *span, self._now_ns),
        )
        self._complete = self._complete and gaps == []
        self._gaps.add(self._instrument, gaps or ())
        self._missing.update(found.missing)
        return await self._rows(self._view.since(found.candles, self._calendar, span[0]))

    async def _rows(self, candles: list[Candle]) -> list[Row]:
        days = [self._calendar.session_date(candle.time) for candle in candles]
        if not days:
            return []
        before: Mapping[Any, float] = await self._reader.previous_closes(self._instrument, days[0], days[-1])
        return [row_of(one, iso(one.time), before.get(day)) for one, day in zip(candles, days, strict=True)]


def row_of(
    candle: Candle,
    timestamp: str,
    previous_close: float | None,
    adj_close: float | None = None,
    delivery_percentage: float | None = None,
) -> Row:
    """The row of a candle."""
    return Row(
        timestamp,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        previous_close,
        adj_close,
        delivery_percentage,
        candle.open_interest,
        candle.state,
        candle.revision,
        candle.source,
        candle.resolve_required,
    )


def iso(time_ns: int) -> str:
    """``2026-11-18T11:27:00Z``."""
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).isoformat().replace("+00:00", "Z")
