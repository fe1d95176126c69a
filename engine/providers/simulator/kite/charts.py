"""Kite's chart call: rows of one instrument's candles."""

from datetime import UTC, datetime
from typing import Any, Final

from engine.market.candle import Candle
from engine.providers.simulator.door import Door
from engine.providers.simulator.history import days, merge, minutes
from engine.providers.simulator.hours import DAY_NS, INDIA_NS, MINUTE_NS, SECOND_NS, indian_date, indian_midnight
from engine.providers.simulator.http import Request
from engine.providers.simulator.kite.rest_errors import bad_input

_DAILY: Final = "day"
_INTRADAY: Final = {
    "minute": (1, 60),
    "3minute": (3, 100),
    "5minute": (5, 100),
    "10minute": (10, 100),
    "15minute": (15, 200),
    "30minute": (30, 200),
    "60minute": (60, 400),
}
"""Minutes of a bar, and how many days of them one call may span."""
_MOST_DAYS: Final = 2000
_SESSION_OPEN_NS: Final = (9 * 60 + 15) * MINUTE_NS


async def chart(door: Door, place: int, interval: str, request: Request) -> dict[str, Any]:
    """What the provider has of the candles from one Indian wall-clock time to another, both included."""
    start_ns, end_ns = (_moment(request.query.get(name, "")) for name in ("from", "to"))
    minutes_each, most_days = (0, _MOST_DAYS) if interval == _DAILY else _INTRADAY.get(interval, (0, 0))
    if not most_days:
        raise bad_input("invalid interval")
    if end_ns - start_ns > most_days * DAY_NS:
        raise bad_input(f"interval exceeds max limit: {most_days} days")
    candles = await _candles(door, place, start_ns, end_ns, minutes_each)
    with_interest = request.query.get("oi") == "1"
    return {"candles": [_row(candle, with_interest=with_interest) for candle in candles]}


async def _candles(door: Door, place: int, start_ns: int, end_ns: int, minutes_each: int) -> list[Candle]:
    market, now_ns = door.exchange.market, door.exchange.now_ns
    if not minutes_each:
        return await days(market, place, start_ns, end_ns + 1, now_ns=now_ns)
    candles = door.record.kept(await minutes(market, place, start_ns, end_ns + 1, now_ns=now_ns))
    if minutes_each == 1:
        return candles
    origin_ns = indian_midnight(indian_date(start_ns)) + _SESSION_OPEN_NS
    return merge(candles, f"{minutes_each}m", minutes_each * MINUTE_NS, origin_ns=origin_ns)


def _row(candle: Candle, *, with_interest: bool) -> list[Any]:
    opens = f"{datetime.fromtimestamp((candle.time + INDIA_NS) // SECOND_NS, UTC):%Y-%m-%dT%H:%M:%S}+0530"
    row = [opens, candle.open, candle.high, candle.low, candle.close, candle.volume]
    return [*row, candle.open_interest or 0] if with_interest else row


def _moment(text: str) -> int:
    """An Indian date, or date and time, as ns UTC."""
    try:
        wall = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise bad_input("invalid from or to date") from error
    return int(wall.timestamp()) * SECOND_NS - INDIA_NS
