"""The pure domain: ticks, candles, timeframes, calendars, volume, instruments and symbols. No I/O and no clock."""

from engine.market.book import LATENESS_NS, CandleBook
from engine.market.calendar import Bucket, Calendar, Session, TradingDay
from engine.market.calendars import Calendars, FeedHours, day_start_ns
from engine.market.candle import Candle, CandleState
from engine.market.derive import derive
from engine.market.errors import CalendarError, MarketError, StateError, SymbolError, TimeframeError
from engine.market.gaps import Gap, GapBook, retry_delay_s
from engine.market.healing import Healing, heal, touched_minutes
from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.market.late_news import HORIZON_NS
from engine.market.limits import Limit, LimitError, Limits, LimitTable, Reach, flaw_of
from engine.market.prices import TickSize
from engine.market.quarantine import BarFinding, Suspect
from engine.market.quote import Quote, Witness
from engine.market.settled import NEVER
from engine.market.silence import PaceMeter
from engine.market.symbols import (
    SegmentKey,
    Symbol,
    SymbolTable,
    format_derivative,
    is_segment_key,
    parse_segment_key,
    parse_symbol,
)
from engine.market.tick import Tick
from engine.market.timeframe import DERIVED_TIMEFRAMES, TIMEFRAMES, length_s, parse_timeframe
from engine.market.validation import PriceGuard, Ruling
from engine.market.verdict import Verdict, VerdictStatus
from engine.market.views import View, ViewError, WickLimit
from engine.market.volume import Baseline, VolumeMeter

__all__ = [
    "DERIVED_TIMEFRAMES",
    "HORIZON_NS",
    "LATENESS_NS",
    "NEVER",
    "TIMEFRAMES",
    "BarFinding",
    "Baseline",
    "Bucket",
    "Calendar",
    "CalendarError",
    "Calendars",
    "Candle",
    "CandleBook",
    "CandleState",
    "FeedHours",
    "Gap",
    "GapBook",
    "Healing",
    "Instrument",
    "InstrumentKind",
    "Limit",
    "LimitError",
    "LimitTable",
    "Limits",
    "MarketError",
    "OptionType",
    "PaceMeter",
    "PriceGuard",
    "Quote",
    "Reach",
    "Ruling",
    "SegmentKey",
    "Session",
    "StateError",
    "Suspect",
    "Symbol",
    "SymbolError",
    "SymbolTable",
    "Tick",
    "TickSize",
    "TimeframeError",
    "TradingDay",
    "Verdict",
    "VerdictStatus",
    "View",
    "ViewError",
    "VolumeMeter",
    "WickLimit",
    "Witness",
    "day_start_ns",
    "derive",
    "flaw_of",
    "format_derivative",
    "heal",
    "is_segment_key",
    "length_s",
    "parse_segment_key",
    "parse_symbol",
    "parse_timeframe",
    "retry_delay_s",
    "touched_minutes",
]
