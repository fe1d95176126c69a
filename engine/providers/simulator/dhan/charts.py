"""Dhan's chart calls: parallel arrays of one instrument's candles."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from engine.market.candle import Candle
from engine.providers.simulator.dhan.rest_errors import RestError
from engine.providers.simulator.door import Door
from engine.providers.simulator.history import days, merge, minutes
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, SECOND_NS, indian_date, indian_midnight

_INTERVALS: Final = (1, 5, 15, 25, 60)
_LONGEST_INTRADAY_NS: Final = 90 * DAY_NS
_SESSION_OPEN_NS: Final = (9 * 60 + 15) * MINUTE_NS

Chart = dict[str, list[float]]


class _ChartRequest(msgspec.Struct, rename="camel"):
    security_id: str
    exchange_segment: str
    instrument: str
    from_date: str
    to_date: str
    oi: bool = False


class _IntradayRequest(_ChartRequest, rename="camel"):
    interval: str | int = 1


async def intraday_chart(door: Door, body: bytes) -> Chart:
    """What a provider has of the candles of 1, 5, 15, 25 or 60 minutes from one Indian wall-clock time to another, both included."""
    request = _decode(body, _IntradayRequest)
    index = _place(door, request)
    if str(request.interval) not in map(str, _INTERVALS):
        raise RestError("DH-905", f"interval must be one of {_INTERVALS}, was {request.interval!r}")
    start_ns, end_ns = _moment(request.from_date), _moment(request.to_date, whole_day=True)
    if end_ns - start_ns > _LONGEST_INTRADAY_NS:
        raise RestError("DH-905", "at most 90 days in one call")
    exchange = door.exchange
    candles = door.record.kept(await minutes(exchange.market, index, start_ns, end_ns + 1, now_ns=exchange.now_ns))
    length = int(request.interval)
    if length > 1:
        origin_ns = indian_midnight(indian_date(start_ns)) + _SESSION_OPEN_NS
        candles = merge(candles, f"{length}m", length * MINUTE_NS, origin_ns=origin_ns)
    return _chart(candles, with_interest=request.oi)


async def daily_chart(door: Door, body: bytes) -> Chart:
    """Daily candles from one date to before another, stamped with Indian midnight."""
    request = _decode(body, _ChartRequest)
    index = _place(door, request)
    start_ns, end_ns = _moment(request.from_date), _moment(request.to_date)
    candles = await days(door.exchange.market, index, start_ns, end_ns, now_ns=door.exchange.now_ns)
    return _chart(candles, with_interest=request.oi)


def _decode(body: bytes, kind: Callable[..., Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)  # pyright: ignore[reportCallIssue, reportArgumentType]
    except msgspec.MsgspecError as error:
        raise RestError("DH-905", str(error)) from error


def _place(door: Door, request: _ChartRequest) -> int:
    index = door.places.get((request.exchange_segment, request.security_id))
    if index is None:
        raise RestError("DH-907")
    expected = door.exchange.market.listings[index].dhan_type
    if request.instrument != expected:
        raise RestError("DH-905", f"instrument must be {expected}, was {request.instrument!r}")
    return index


def _moment(text: str, *, whole_day: bool = False) -> int:
    """An Indian date, or date and time, as ns UTC; ``whole_day`` reads a bare date as its last second."""
    try:
        wall = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise RestError("DH-905", f"expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, was {text!r}") from error
    moment = int(wall.timestamp()) * SECOND_NS - INDIA_NS
    return moment + DAY_NS - SECOND_NS if whole_day and len(text) == len("YYYY-MM-DD") else moment


def _chart(candles: list[Candle], *, with_interest: bool) -> Chart:
    if not candles:
        raise RestError("DH-907")
    return {
        "open": [candle.open for candle in candles],
        "high": [candle.high for candle in candles],
        "low": [candle.low for candle in candles],
        "close": [candle.close for candle in candles],
        "volume": [candle.volume for candle in candles],
        "timestamp": [candle.time // SECOND_NS for candle in candles],
        "open_interest": [(candle.open_interest or 0) if with_interest else 0 for candle in candles],
    }
