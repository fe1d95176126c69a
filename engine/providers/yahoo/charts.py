"""Yahoo's answers, turned into candles, prices and symbols. Without I/O."""

from collections.abc import Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.prices import shortest
from engine.market.quote import Quote
from engine.providers.base import ProviderError, Route

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS

T = TypeVar("T")


class Bar(NamedTuple):
    """One row of a chart as Yahoo has it: prices are corrected for splits, but not for dividends."""

    time_ns: int
    """When it opens, UTC; of a day, the exchange's midnight. The newest row may tell when it was last touched."""
    open: float
    high: float
    low: float
    close: float
    adjusted_close: float
    """Corrected for splits and dividends up to now."""
    volume: float

    @property
    def sound(self) -> bool:
        """Whether its prices are prices; Yahoo leaves holes."""
        return all(isfinite(price) and price > 0 for price in self[1:5])


class Chart(NamedTuple):
    """The bars of one call, oldest first, and the exchange's time zone; empty where nothing was traded."""

    bars: Sequence[Bar] = ()
    timezone: str = "UTC"

    def day(self, bar: Bar) -> date:
        """The exchange's date on which a bar opens."""
        return datetime.fromtimestamp(bar.time_ns // SECOND_NS, ZoneInfo(self.timezone)).date()


class Found(msgspec.Struct, frozen=True):
    """One symbol that Yahoo knows by what was looked for."""

    symbol: str
    name: str
    exchange: str
    """As Yahoo calls it, ``NMS`` or ``NSI``."""
    kind: str
    """``equity``, ``index``, ``future``, ``etf``, …"""


def candles(chart: Chart, route: Route, timeframe: str, length_ns: int, *, source: str, now_ns: int) -> list[Candle]:
    """The sound bars of a chart as candles, with the time at which each of them opens.

    Prices are the decimals nearest to Yahoo's 32-bit floats; the instrument's tick may have been another before a split.
    """
    found: list[Candle] = []
    for bar in chart.bars:
        if not bar.sound:
            continue
        time_ns = bar.time_ns if timeframe == "1d" else _opening(bar.time_ns, found, length_ns)
        candle = _candle(bar, route, timeframe, time_ns, source, forming=time_ns + length_ns > now_ns)
        if found and found[-1].time == time_ns:
            candle = _joined(found.pop(), candle)
        found.append(candle)
    return found


def _opening(time_ns: int, before: Sequence[Candle], length_ns: int) -> int:
    """When the bucket of a bar opens: the newest bar carries the time of its last trade, and an hour counts from the open."""
    if time_ns % (60 * SECOND_NS) == 0:
        return time_ns
    origin_ns = before[-1].time if before else 0
    return origin_ns + (time_ns - origin_ns) // length_ns * length_ns


def _candle(bar: Bar, route: Route, timeframe: str, time_ns: int, source: str, *, forming: bool) -> Candle:
    return Candle(
        route.instrument,
        timeframe,
        time_ns,
        *(shortest(price) for price in bar[1:5]),
        volume=round(bar.volume) if isfinite(bar.volume) and bar.volume > 0 else 0,
        state=CandleState.FORMING if forming else CandleState.FINAL,
        source=source,
    )


def _joined(first: Candle, second: Candle) -> Candle:
    """Two rows of one bucket; the second one is its live part, without what was traded before."""
    return msgspec.structs.replace(
        second,
        open=first.open,
        high=max(first.high, second.high),
        low=min(first.low, second.low),
        volume=first.volume + second.volume,
    )


class _Traded(msgspec.Struct, rename="camel"):
    symbol: str
    regular_market_price: float | None = None
    regular_market_time: float | None = None
    regular_market_volume: float | None = None
    regular_market_open: float | None = None
    regular_market_day_high: float | None = None
    regular_market_day_low: float | None = None
    regular_market_previous_close: float | None = None
    bid: float | None = None
    ask: float | None = None


class _QuoteResponse(msgspec.Struct):
    result: list[_Traded] | None = None


class _Quotes(msgspec.Struct, rename="camel"):
    quote_response: _QuoteResponse


class _Hit(msgspec.Struct):
    symbol: str | None = None
    shortname: str | None = None
    longname: str | None = None
    exchange: str | None = None
    quoteType: str | None = None  # noqa: N815 - Yahoo's name


class _Hits(msgspec.Struct):
    quotes: list[_Hit]


def quote_table(body: Any, routes: Sequence[Route]) -> dict[str, Quote]:
    """Last trades by canonical name; what Yahoo does not know, or has no price of, is absent."""
    told = {traded.symbol: traded for traded in _read(body, _Quotes).quote_response.result or ()}
    found = ((route, told[route.security_id]) for route in routes if route.security_id in told)
    quotes = ((route.instrument, _quote(traded, route)) for route, traded in found)
    return {instrument: quote for instrument, quote in quotes if quote is not None}


def _quote(traded: _Traded, route: Route) -> Quote | None:
    price, time_s, volume = (
        _price(traded.regular_market_price),
        traded.regular_market_time,
        traded.regular_market_volume,
    )
    if price is None:
        return None
    return Quote(
        price,
        round(time_s) * SECOND_NS if time_s else None,
        round(volume) if volume is not None and isfinite(volume) and route.kind != "index" else None,
        bid=_price(traded.bid),
        ask=_price(traded.ask),
        day_open=_price(traded.regular_market_open),
        day_high=_price(traded.regular_market_day_high),
        day_low=_price(traded.regular_market_day_low),
        previous_close=_price(traded.regular_market_previous_close),
    )


def _price(told: float | None) -> float | None:
    """Zero stands for one that there is not."""
    return shortest(told) if told is not None and isfinite(told) and told > 0 else None


def search_results(body: Any) -> list[Found]:
    """What Yahoo found, best first."""
    return [
        Found(hit.symbol, hit.longname or hit.shortname or "", hit.exchange or "", (hit.quoteType or "").lower())
        for hit in _read(body, _Hits).quotes
        if hit.symbol
    ]


def _read(body: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise ProviderError(f"Yahoo's answer has an unknown form: {error}") from error
