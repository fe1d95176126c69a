"""Kite's answers to chart and price calls, turned into candles and prices. Without I/O."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from math import isfinite
from typing import Final, TypeVar

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.prices import TickSize
from engine.market.quote import Quote
from engine.providers.base import ProviderError, Route

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
SECOND_NS: Final = 1_000_000_000
DERIVATIVES: Final = ("future", "option")
"""The kinds that have an open interest."""
_NEVER: Final = 1990
"""Up to this year a time of a last trade says that there was none."""

T = TypeVar("T")


class _Bar(msgspec.Struct, array_like=True):
    """``["2017-12-15T09:15:00+0530", 1704.5, 1705, 1699.25, 1702.8, 2499]``, and open interest where it was asked for."""

    opens: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None = None
    open_interest: float | None = None


class _Bars(msgspec.Struct):
    candles: list[_Bar] | None


class _Chart(msgspec.Struct):
    data: _Bars


class _LastPrice(msgspec.Struct):
    instrument_token: int
    last_price: float | None = None


class _LastPrices(msgspec.Struct):
    data: dict[str, _LastPrice]


class _Day(msgspec.Struct, frozen=True):
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    """Of the session before."""


class _Row(msgspec.Struct, frozen=True):
    price: float | None = None


class _Depth(msgspec.Struct, frozen=True):
    """Best first; prices are zero where nobody offers."""

    buy: list[_Row] = []
    sell: list[_Row] = []


class FullQuote(_LastPrice):
    """What Kite says of an instrument when it is asked; of an index less."""

    timestamp: str | None = None
    last_trade_time: str | None = None
    volume: float | None = None
    oi: float | None = None
    ohlc: _Day = _Day()
    depth: _Depth = _Depth()


class _Quotes(msgspec.Struct):
    data: dict[str, FullQuote]


def chart_candles(body: bytes, route: Route, timeframe: str, source: str) -> list[Candle | None]:
    """The bars of a chart, as Kite orders them; ``None`` stands for one whose prices are missing or no numbers."""
    grid = _grid(route)
    return [_candle(bar, route, timeframe, source, grid) for bar in _read(body, _Chart).data.candles or ()]


def _candle(bar: _Bar, route: Route, timeframe: str, source: str, grid: Callable[[float], float]) -> Candle | None:
    told = (bar.open, bar.high, bar.low, bar.close)
    prices = [grid(price) for price in told if price is not None and isfinite(price) and price > 0]
    if len(prices) < len(told):
        return None
    return Candle(
        route.instrument,
        timeframe,
        _opens_ns(bar.opens),
        *prices,
        volume=_whole(bar.volume) or 0,
        open_interest=_whole(bar.open_interest),
        state=CandleState.FINAL,
        source=source,
    )


def _opens_ns(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp()) * SECOND_NS
    except ValueError as error:
        raise ProviderError(f"Kite's chart has a bar of an unknown time: {text[:40]!r}") from error


def last_price_table(body: bytes) -> dict[int, float]:
    """Last prices by instrument token; instruments without one are absent."""
    answers = _read(body, _LastPrices).data.values()
    return {
        answer.instrument_token: answer.last_price
        for answer in answers
        if answer.last_price is not None and isfinite(answer.last_price) and answer.last_price > 0
    }


def quote_table(body: bytes) -> dict[int, FullQuote]:
    """Quotes by instrument token; what Kite does not know is absent."""
    return {answer.instrument_token: answer for answer in _read(body, _Quotes).data.values()}


def as_quote(answer: FullQuote, route: Route) -> Quote:
    """An index has no trades: its time is when it was last computed, and that of others when the last trade was."""
    traded = answer.timestamp if route.kind == "index" else answer.last_trade_time
    grid = _grid(route)

    def price(told: float | None) -> float | None:
        return grid(told) if told is not None and isfinite(told) and told > 0 else None

    return Quote(
        price(answer.last_price) or 0.0,
        _traded_ns(traded),
        _whole(answer.volume),
        open_interest=_whole(answer.oi) if route.kind in DERIVATIVES else None,
        bid=price(next((row.price for row in answer.depth.buy), None)),
        ask=price(next((row.price for row in answer.depth.sell), None)),
        day_open=price(answer.ohlc.open),
        day_high=price(answer.ohlc.high),
        day_low=price(answer.ohlc.low),
        previous_close=price(answer.ohlc.close),
    )


def on_grid(price: float, route: Route) -> float:
    """A price on the tick of the instrument."""
    return _grid(route)(price)


def _grid(route: Route) -> Callable[[float], float]:
    """Prices come as decimals; without a tick size they are right as they are."""
    return TickSize(route.tick_size).round if route.tick_size else float


def _traded_ns(text: str | None) -> int | None:
    """``2021-06-08 15:45:52`` on the Indian wall."""
    try:
        wall = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return int(wall.replace(tzinfo=wall.tzinfo or INDIA).timestamp()) * SECOND_NS if wall.year > _NEVER else None


def _whole(quantity: float | None) -> int | None:
    return round(quantity) if quantity is not None and isfinite(quantity) else None


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError(f"Kite's answer has an unknown form: {error}") from error
