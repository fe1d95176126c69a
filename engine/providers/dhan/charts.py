"""Dhan's answers to chart and price calls, turned into candles and prices. Without I/O."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from math import isfinite
from typing import Any, Final, TypeVar

import msgspec

from engine.market.candle import Candle, CandleState
from engine.market.prices import TickSize
from engine.market.quote import Quote
from engine.providers.base import ProviderError, Route
from engine.providers.dhan.instrument_type import is_derivative

INDIA: Final = timezone(timedelta(hours=5, minutes=30))
_SECOND: Final = 1_000_000_000
_NEVER: Final = 1980

T = TypeVar("T")


class _Chart(msgspec.Struct):
    """Parallel arrays, one place per bar; ``timestamp`` is true UTC seconds of the bar's open."""

    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]
    timestamp: list[float]
    open_interest: list[float | None] = []


class _LastPrice(msgspec.Struct):
    last_price: float | None = None


class _LastPrices(msgspec.Struct):
    data: dict[str, dict[str, _LastPrice]]


class _Day(msgspec.Struct, frozen=True):
    open: float | None = None
    close: float | None = None
    """Of the session before."""
    high: float | None = None
    low: float | None = None


class _Row(msgspec.Struct, frozen=True):
    price: float | None = None


class _Depth(msgspec.Struct, frozen=True):
    buy: list[_Row] = []
    sell: list[_Row] = []


class _Quote(_LastPrice):
    last_trade_time: str | None = None
    volume: float | None = None
    oi: float | None = None
    ohlc: _Day = _Day()
    depth: _Depth = _Depth()


class _Quotes(msgspec.Struct):
    data: dict[str, dict[str, _Quote]]


def chart_candles(body: Any, route: Route, timeframe: str, source: str) -> list[Candle | None]:
    """The bars of a chart, as Dhan orders them; ``None`` stands for one whose prices are missing or no numbers."""
    chart = _read(body, _Chart)
    count = len(chart.timestamp)
    if {len(chart.open), len(chart.high), len(chart.low), len(chart.close), len(chart.volume)} != {count}:
        raise ProviderError(f"Dhan's chart of {route.instrument} has columns of different lengths")
    interests = chart.open_interest if len(chart.open_interest) == count else [None] * count
    return list(_candles(chart, interests, route, timeframe, source))


def _candles(
    chart: _Chart, interests: Sequence[float | None], route: Route, timeframe: str, source: str
) -> Iterator[Candle | None]:
    tick_size = TickSize(route.tick_size)
    prices = zip(chart.open, chart.high, chart.low, chart.close, strict=True)
    for seconds, bar, volume, interest in zip(chart.timestamp, prices, chart.volume, interests, strict=True):
        rounded = [tick_size.round(price) for price in bar if price is not None and isfinite(price) and price > 0]
        if len(rounded) < len(bar):
            yield None
            continue
        yield Candle(
            route.instrument,
            timeframe,
            round(seconds) * _SECOND,
            *rounded,
            volume=_whole(volume) or 0,
            open_interest=_whole(interest),
            state=CandleState.FINAL,
            source=source,
        )


def last_price_table(body: Any) -> dict[str, dict[str, float]]:
    """Last prices by segment and id; instruments without one are absent."""
    return {
        segment: {
            security_id: answer.last_price
            for security_id, answer in answers.items()
            if answer.last_price is not None and isfinite(answer.last_price) and answer.last_price > 0
        }
        for segment, answers in _read(body, _LastPrices).data.items()
    }


def route_quotes(body: Any, routes: Sequence[Route]) -> dict[str, Quote]:
    """Quotes of those of the routes that Dhan knows, by canonical name."""
    table = _read(body, _Quotes).data
    found = ((route, table.get(route.segment, {}).get(route.security_id)) for route in routes)
    return {route.instrument: _quote(answer, route) for route, answer in found if answer is not None}


def _quote(answer: _Quote, route: Route) -> Quote:
    tick_size = TickSize(route.tick_size)

    def price(value: float | None) -> float | None:
        return tick_size.round(value) if value is not None and isfinite(value) and value > 0 else None

    return Quote(
        price(answer.last_price) or 0.0,
        _traded_ns(answer.last_trade_time),
        _whole(answer.volume),
        open_interest=_whole(answer.oi) if is_derivative(route) else None,
        bid=price(next((row.price for row in answer.depth.buy), None)),
        ask=price(next((row.price for row in answer.depth.sell), None)),
        day_open=price(answer.ohlc.open),
        day_high=price(answer.ohlc.high),
        day_low=price(answer.ohlc.low),
        previous_close=price(answer.ohlc.close),
    )


def _traded_ns(text: str | None) -> int | None:
    """``21/11/2026 15:29:59`` on the Indian wall; Dhan says 1980 of what never traded."""
    try:
        wall = datetime.strptime(text or "", "%d/%m/%Y %H:%M:%S").replace(tzinfo=INDIA)
    except ValueError:
        return None
    return int(wall.timestamp()) * _SECOND if wall.year > _NEVER else None


def _whole(quantity: float | None) -> int | None:
    return round(quantity) if quantity is not None and isfinite(quantity) else None


def _read(body: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise ProviderError(f"Dhan's answer has an unknown form: {error}") from error
