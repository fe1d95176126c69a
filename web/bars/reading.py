"""The reading of bars: one page over several symbols, taken from the stores in portions."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from engine.market.candle import Candle
from engine.market.ledger import LedgerGap
from engine.market.portions import portion
from engine.market.timeframe import length_s
from engine.market.views import LONGEST_GAP_NS, View
from engine.storage.history import CandleRange, CandleReader
from engine.storage.ledger import LedgerReader
from web.adjusting import RAW, Adjusting
from web.bars.gaps import PageGaps
from web.directory import Directory
from web.known_days import borders, narrowest
from web.published_candles import PublishedCandles

PORTION: Final = 1_400
"""Buckets read at once: one day of minutes where trade never stops, some four days of an exchange with hours."""
MOST_BUCKETS: Final = 600_000
"""How far one answer may reach, counted in buckets whether anybody trades in them or not."""
_SECOND_NS: Final = 1_000_000_000

Span = tuple[int, int]
"""A stretch of time, its end not included; ns UTC."""


class Sources(Protocol):
    """Where bars are read, and what their instruments' exchanges keep for hours."""

    @property
    def directory(self) -> Directory: ...

    @property
    def reader(self) -> CandleReader: ...

    @property
    def ledger(self) -> LedgerReader: ...


class Wish(msgspec.Struct, frozen=True):
    """What a request asks for."""

    symbols: Mapping[str, str]
    """Canonical names, each as the caller wrote it, in the order of the answer."""
    ranges: Mapping[str, Span]
    timeframe: str
    limit: int | None
    """Bars on the page; None for all."""
    newest_first: bool = False
    view: View = View()
    feed: str = ""
    """Only bars of this provider."""
    published: PublishedCandles | None = None
    """Where to read what was known at an earlier time."""
    adjusting: Adjusting = RAW


class Place(NamedTuple):
    """Where the next page begins: with the rest of a symbol's range, or with all of it."""

    instrument: str
    border_ns: int | None = None
    """Where the rest begins, or with the newest first ends."""


class Reading:
    """A page, read piece by piece. Nothing is read before it is asked for, and nothing is kept but what is missing."""

    def __init__(
        self, sources: Sources, wish: Wish, place: Place | None, now_ns: int, *, buckets: int = PORTION
    ) -> None:
        """``buckets`` are read at once."""
        self._calendar_of = sources.directory.calendar
        self._reader = sources.reader
        self._ledger = sources.ledger
        self._buckets = buckets
        self._wish = wish
        self._now_ns = now_ns
        self._bucket_ns = length_s(wish.timeframe) * _SECOND_NS
        self._left = wish.limit
        self._reach = MOST_BUCKETS
        self._gaps = PageGaps(newest_first=wish.newest_first)
        self._complete = True
        self._missing: set[str] = set()
        self._borders: Mapping[str, str] = {}
        self._names = self._names_from(place)
        self._instrument = next(self._names)
        self._rest = self._rest_at(place)
        self._size = self._first_size()
        self.next: Place | None = None
        """Where the next page begins, once this one is done; None when there is none."""
        self.done = False

    async def piece(self) -> tuple[str, list[Candle]]:
        """Some more bars, and whose; none for a portion in which nothing was traded. Not to be called when it is done."""
        wish, instrument, rest = self._wish, self._instrument, self._rest
        calendar = self._calendar_of(instrument)
        span = portion(calendar, wish.timeframe, *rest, self._size, newest_first=wish.newest_first)
        found, gaps = await self._read(instrument, span)
        shown = await self._shown(instrument, found.candles, span[0])
        border_ns = span[0] if wish.newest_first else span[1]
        if self._left is not None and len(shown) > self._left:
            border_ns = shown[self._left].time + wish.newest_first
            shown = shown[: self._left]
            gaps = gaps and [gap for gap in gaps if (gap.start_ns >= border_ns) == wish.newest_first]
        self._note(instrument, span, gaps, found.missing)
        self._advance(len(shown), border_ns)
        return instrument, shown

    @property
    def about(self) -> dict[str, Any]:
        """What is to be said of the bars that were read."""
        return {
            "complete": self._complete,
            "gaps": self._gaps.rows(),
            "missing": sorted(self._missing),
            **self._borders,
        }

    # -- going on

    def _names_from(self, place: Place | None) -> Iterator[str]:
        names = list(self._wish.symbols)
        return iter(names if place is None else names[names.index(place.instrument) :])

    def _rest_at(self, place: Place | None) -> Span:
        whole = self._wish.ranges[self._instrument]
        if place is None or place.border_ns is None:
            return whole
        if self._wish.newest_first:
            return whole[0], place.border_ns
        return place.border_ns, whole[1]

    def _first_size(self) -> int:
        """Who asks for few bars waits for few; where trade is thin, the next portions are longer."""
        return self._buckets if self._left is None else min(self._buckets, self._left)

    def _advance(self, bars: int, border_ns: int) -> None:
        """To the rest of the range or to the next symbol, unless the page is full."""
        start_ns, end_ns = self._rest
        done_ns = end_ns - border_ns if self._wish.newest_first else border_ns - start_ns
        self._reach -= done_ns // self._bucket_ns
        self._rest = (start_ns, border_ns) if self._wish.newest_first else (border_ns, end_ns)
        self._size = min(self._buckets, 4 * self._size)
        over = self._rest[0] >= self._rest[1]
        place = self._begin_next() if over else Place(self._instrument, border_ns)
        if self._left is not None:
            self._left -= bars
            full = self._left <= 0 or self._reach <= 0 or self._gaps.full
            self.next = place if full else None
            self.done = full
        self.done = self.done or place is None

    def _begin_next(self) -> Place | None:
        instrument = next(self._names, None)
        if instrument is None:
            return None
        self._instrument, self._rest = instrument, self._wish.ranges[instrument]
        self._size = self._first_size()
        return Place(instrument)

    def _note(self, instrument: str, span: Span, gaps: Sequence[LedgerGap] | None, missing: Sequence[str]) -> None:
        calendar = self._calendar_of(instrument)
        known = calendar.knows(span[0], min(span[1], self._now_ns))
        self._complete = self._complete and gaps is not None and not gaps and known
        self._missing.update(missing)
        self._borders = narrowest((self._borders, borders(calendar, *span)))
        self._gaps.add(self._wish.symbols[instrument], gaps or ())

    # -- the stores

    async def _read(self, instrument: str, span: Span) -> tuple[CandleRange, list[LedgerGap] | None]:
        wish = self._wish
        if wish.published is not None:
            found = await wish.published.candles(instrument, *span)
            return found, await wish.published.gaps(instrument, self._calendar_of(instrument), span, found)
        if wish.timeframe == "1m":
            found = await self._reader.rows(instrument, wish.timeframe, *span)
            return found, await self._ledger.gaps(instrument, wish.timeframe, *span, self._now_ns, read=found)
        return await asyncio.gather(
            self._reader.rows(instrument, wish.timeframe, *span),
            self._ledger.gaps(instrument, wish.timeframe, *span, self._now_ns),
        )

    async def _shown(self, instrument: str, candles: list[Candle], start_ns: int) -> list[Candle]:
        """In their order, as the view has them; a continuous one goes on from the candle before the first."""
        wish, calendar = self._wish, self._calendar_of(instrument)
        before: Sequence[Candle] = ()
        if wish.view.continuous and candles:
            before_ns = start_ns - LONGEST_GAP_NS - self._bucket_ns
            before = (await self._candles(instrument, before_ns, start_ns))[-1:]
        adjusted = wish.adjusting.shown(instrument, [*before, *candles], calendar)
        shown = wish.view.since(adjusted, calendar, start_ns)
        if wish.feed:
            shown = [candle for candle in shown if candle.provider == wish.feed]
        return shown[::-1] if wish.newest_first else shown

    async def _candles(self, instrument: str, start_ns: int, end_ns: int) -> Sequence[Candle]:
        published = self._wish.published
        if published is not None:
            return (await published.candles(instrument, start_ns, end_ns)).candles
        return (await self._reader.rows(instrument, self._wish.timeframe, start_ns, end_ns)).candles
