"""The bodies of Yahoo's answers to calls for charts, quotes and search, as it writes them. Without I/O."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from engine.market.candle import Candle

SECOND_NS: Final = 1_000_000_000
INTERVALS_S: Final = {
    "1m": 60, "2m": 120, "5m": 300, "15m": 900, "30m": 1_800, "60m": 3_600, "1h": 3_600, "90m": 5_400, "1d": 86_400,
}  # fmt: skip
"""What a chart may be asked for; a week and more nobody here asks for."""
QUOTE_TYPES: Final = {"equity": "EQUITY", "index": "INDEX", "future": "FUTURE", "option": "OPTION"}

_VALID_RANGES: Final = ("1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max")


class Period(NamedTuple):
    """A regular session, in seconds UTC."""

    start_s: int
    end_s: int


class Instrument(NamedTuple):
    """What an answer tells of an instrument beside its prices."""

    symbol: str
    name: str
    kind: str
    """``equity``, ``index``, ``future`` or ``option``."""
    exchange: str
    timezone: str
    currency: str = "USD"


class LastTrade(NamedTuple):
    """What a quote tells."""

    time_s: int
    price: float
    volume: int
    day_open: float
    day_high: float
    day_low: float
    previous_close: float


def chart(
    instrument: Instrument,
    interval: str,
    bars: Sequence[Candle | None],
    *,
    times_s: Sequence[int],
    periods: Iterable[Period] = (),
    last: LastTrade | None = None,
    events: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A chart. A bar that is ``None`` is a hole, which Yahoo writes as nulls; no bars at all leave the columns away."""
    result: dict[str, Any] = {"meta": _meta(instrument, interval, periods, last)}
    columns: dict[str, Any] = {}
    if times_s:
        rows = [(None,) * 5 if bar is None else (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
        columns |= zip(("open", "high", "low", "close", "volume"), zip(*rows, strict=True), strict=True)
        result["timestamp"] = times_s
    result["indicators"] = {"quote": [columns]}
    if events:
        result["events"] = events
    if interval == "1d":
        result["indicators"]["adjclose"] = [{"adjclose": columns["close"]} if columns else {}]
    return {"chart": {"result": [result], "error": None}}


def _meta(
    instrument: Instrument, interval: str, periods: Iterable[Period], last: LastTrade | None
) -> Mapping[str, Any]:
    zone = ZoneInfo(instrument.timezone)
    told = [_period(period, zone) for period in periods]
    meta: dict[str, Any] = {
        "currency": instrument.currency,
        "symbol": instrument.symbol,
        "exchangeName": instrument.exchange,
        "fullExchangeName": instrument.exchange,
        "instrumentType": QUOTE_TYPES[instrument.kind],
        "exchangeTimezoneName": instrument.timezone,
        "longName": instrument.name,
        "priceHint": 2,
        "dataGranularity": interval,
        "range": "",
        "validRanges": _VALID_RANGES,
    }
    if last is not None:
        meta |= {
            "regularMarketPrice": last.price,
            "regularMarketTime": last.time_s,
            "previousClose": last.previous_close,
        }
    if told and interval != "1d":
        meta["tradingPeriods"] = [[period] for period in told]
    return meta


def _period(period: Period, zone: ZoneInfo) -> dict[str, Any]:
    local = datetime.fromtimestamp(period.start_s, zone)
    offset = local.utcoffset()
    return {
        "timezone": local.tzname(),
        "start": period.start_s,
        "end": period.end_s,
        "gmtoffset": 0 if offset is None else int(offset.total_seconds()),
    }


def quotes(found: Iterable[tuple[Instrument, LastTrade]]) -> dict[str, Any]:
    """Last trades; what nobody knows is left out."""
    return {"quoteResponse": {"result": [_quote(*one) for one in found], "error": None}}


def _quote(instrument: Instrument, last: LastTrade) -> dict[str, Any]:
    return {
        "language": "en-US",
        "quoteType": QUOTE_TYPES[instrument.kind],
        "symbol": instrument.symbol,
        "longName": instrument.name,
        "exchange": instrument.exchange,
        "exchangeTimezoneName": instrument.timezone,
        "currency": instrument.currency,
        "regularMarketPrice": last.price,
        "regularMarketTime": last.time_s,
        "regularMarketVolume": 0 if instrument.kind == "index" else last.volume,
        "regularMarketOpen": last.day_open,
        "regularMarketDayHigh": last.day_high,
        "regularMarketDayLow": last.day_low,
        "regularMarketPreviousClose": last.previous_close,
    }


def search(found: Iterable[Instrument]) -> dict[str, Any]:
    """What was found, best first."""
    hits = [
        {
            "exchange": instrument.exchange,
            "shortname": instrument.name,
            "longname": instrument.name,
            "quoteType": QUOTE_TYPES[instrument.kind],
            "symbol": instrument.symbol,
            "isYahooFinance": True,
        }
        for instrument in found
    ]
    return {"explains": [], "count": len(hits), "quotes": hits, "news": [], "lists": []}


def refusal(part: str, code: str, description: str) -> bytes:
    """An error, as ``chart`` and ``finance`` tell it."""
    return msgspec.json.encode({part: {"result": None, "error": {"code": code, "description": description}}})
