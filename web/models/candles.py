"""What is asked and answered of candles: their rows and bars, what is missing among them, and how far to trust them."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from engine.market.candle import CandleState
from engine.market.ledger import BucketState
from engine.market.timeframe import TIMEFRAMES
from web.adjusting import NotAdjusted
from web.answers import DataKind
from web.bars import Bar
from web.openapi import Page, Query

Symbol = Annotated[str, Meta(description="`NSE:RELIANCE`, or `RELIANCE` on the first exchange that lists it.")]
Symbols = Annotated[str, Meta(description="Symbols, with commas.")]
Timeframe = Annotated[
    str, Meta(description=f"One of {', '.join(TIMEFRAMES)}, or as other programs write them: 1Min, 5, 60, D, day.")
]
Time = Annotated[
    str,
    Meta(
        description="A date, which is the exchange's day, or a time as 2026-11-20T09:15:00Z; without a zone the exchange's."
    ),
]
Continuous = Annotated[
    str, Meta(description="`true`: each open is the close before it, across pauses of up to 10 hours.")
]
Wick = Annotated[str, Meta(description="How far wicks may reach out of the body: `10` (points) or `0.5%`.")]
PageToken = Annotated[str, Meta(description="`next_page_token` of the page before.")]
AdjustmentWord = Annotated[
    str,
    Meta(description="`raw`, or what earlier prices are adjusted for: `split` (and bonus), `dividend` or `all`."),
]
Milliseconds = Annotated[int, Meta(description="Unix milliseconds UTC.")]
View = Annotated[Mapping[str, bool | str], Meta(description="How they are shown otherwise than they were traded.")]
Missing = Annotated[list[str], Meta(description="Stores that could not be read: what they hold may lack.")]


class IntradayQuery(Query, frozen=True, kw_only=True):
    """Which candles; today's when no dates are given."""

    symbol: Symbol
    start_date: Time = ""
    end_date: Time = ""
    timeframe: Timeframe = "5m"
    limit: Annotated[int, Meta(ge=1, le=50_000)] = 10_000
    page_token: PageToken = ""
    continuous: Continuous = ""
    wick: Wick = ""


class DailyQuery(Query, frozen=True, kw_only=True):
    """Which days; the last year when no dates are given."""

    symbol: Symbol
    start_date: Time = ""
    end_date: Time = ""


class Row(msgspec.Struct, frozen=True):
    """A candle. ``previous_close`` is that of the trading day before, for the bars of a day as for the day itself."""

    timestamp: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int
    previous_close: float | None
    adj_close: float | None
    delivery_percentage: float | None
    oi: int | None
    state: CandleState
    rev: int
    source: str
    resolve_required: bool


class DatedGap(msgspec.Struct, frozen=True):
    """Where candles lack, and why; the end is not included."""

    start: str
    end: str
    state: BucketState
    reason: str


class Gap(msgspec.Struct, frozen=True):
    """Where candles lack, and why; the end is not included."""

    start: Milliseconds
    end: Milliseconds
    state: BucketState
    reason: str


class SymbolGap(Gap, frozen=True, kw_only=True):
    """A gap of one symbol of several."""

    symbol: str


class KnownDays(msgspec.Struct, frozen=True, kw_only=True):
    """Days that the exchange's calendar knows, where the answer reaches beyond them."""

    calendar_valid_from: str | UnsetType = UNSET
    calendar_valid_through: str | UnsetType = UNSET


class Rows(KnownDays, frozen=True, kw_only=True):
    """Candles of one instrument, the oldest first, and what lacks among them."""

    items: list[Row]
    next_page_token: str | None
    instrument: str
    timeframe: str
    complete: bool
    gaps: list[DatedGap]
    missing: Missing
    view: View | UnsetType = UNSET
    data: DataKind


class BarsQuery(Query, frozen=True, kw_only=True):
    """Which bars of which symbols, and in which form."""

    symbols: Symbols = ""
    symbol: Annotated[str, Meta(description="The same as `symbols`.")] = ""
    timeframe: Timeframe = "1m"
    start: Time = ""
    end: Time = ""
    limit: Annotated[str, Meta(description="1 to 50,000 bars; `all` with csv or arrow.")] = "1000"
    sort: Annotated[str, Meta(description="`asc` or `desc`, by time.")] = "asc"
    adjustment: AdjustmentWord = "raw"
    feed: Annotated[str, Meta(description="Only bars of this provider.")] = ""
    as_of: Annotated[str, Meta(description="A date or time: what had been published by then.")] = ""
    continuous: Continuous = ""
    wick: Wick = ""
    page_token: PageToken = ""
    format: Annotated[str, Meta(description="`json`, `csv`, `msgpack` or `arrow`; or say it with `Accept`.")] = ""


class Bars(KnownDays, frozen=True, kw_only=True):
    """Bars by symbol as it was written, and what lacks among them."""

    bars: Mapping[str, list[Bar]]
    next_page_token: str | None
    complete: bool
    gaps: list[SymbolGap]
    missing: Missing
    timeframe: str
    view: View
    adjustment: str
    not_adjusted: list[NotAdjusted]
    as_of: str | None
    verdicts_as_of: Annotated[
        int | None, Meta(description="Of when it is known why minutes lack, unix milliseconds; with `as_of`.")
    ]
    data: DataKind


class ChartQuery(Query, frozen=True, kw_only=True):
    """Which part of the year, and how it is shown."""

    timeframe: Timeframe = "5m"
    range: Annotated[str, Meta(description="1d, 5d, 1w, 1mo, 3mo, 6mo or 1y, back from now.")] = "1y"
    adjustment: AdjustmentWord = "raw"
    continuous: Continuous = ""
    wick: Wick = ""


class Chart(KnownDays, frozen=True, kw_only=True):
    """Closed candles, the one that forms, and how far to trust them."""

    symbol: str
    timeframe: str
    range: str
    candles: list[Bar]
    forming: Bar | None
    complete: bool
    gaps: Annotated[list[Gap], Meta(description="The newest thousand.")]
    gaps_in_all: int | None
    view: View
    adjustment: str
    not_adjusted: list[NotAdjusted]
    built: Annotated[int | None, Meta(description="When the engine built it, unix milliseconds.")]
    missing: Missing
    degraded: Annotated[str, Meta(description="Why nobody keeps it fresh; empty when somebody does.")]
    data: DataKind


class CompletenessQuery(Query, frozen=True, kw_only=True):
    """Of which instruments and days; of all, and of the last seven days."""

    symbol: Symbols = ""
    symbols: Annotated[str, Meta(description="The same as `symbol`.")] = ""
    timeframe: Timeframe = "1m"
    start: Time = ""
    end: Time = ""
    limit: Annotated[int, Meta(ge=1, le=500, description="Instruments on a page.")] = 50
    page_token: PageToken = ""


class Counts(KnownDays, frozen=True, kw_only=True):
    """What became of the buckets that should have been saved by now."""

    expected: int
    traded: int
    empty: int
    missing: int
    healing: int
    unresolvable: int
    archived: Annotated[int, Meta(description="In the archive, and not held any more.")]
    percentage: Annotated[float, Meta(description="Traded, confirmed empty or archived.")]


class SessionCounts(Counts, frozen=True, kw_only=True):
    """One session, or one trading day."""

    date: str
    start: Milliseconds
    end: Milliseconds
    gaps: list[Gap]


class InstrumentCounts(Counts, frozen=True, kw_only=True):
    """One instrument, by sessions."""

    symbol: str
    instrument: str
    timeframe: str
    sessions: list[SessionCounts]


class Completeness(Page[InstrumentCounts], frozen=True, kw_only=True):
    """Completeness of several instruments."""

    timeframe: str
    saved_until: Milliseconds
    data: DataKind
