"""What is said to the relay and what it says. Without I/O.

Nothing of it is documented but the names; so bars are taken in every shape they are likely to have, and all else is told
as an answer that can not be read.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

import msgspec

from engine.providers.base import ProviderError

SYMBOLS: Final = frozenset({"GC", "SI", "CL", "ES", "NQ"})
"""All that it carries, each the contract that expires next."""

MINUTE_NS: Final = 60_000_000_000
LENGTHS: Final = {
    "1m": MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": 60 * MINUTE_NS,
    "4h": 240 * MINUTE_NS,
    "1d": 1440 * MINUTE_NS,
}
"""The timeframes it speaks of."""

_MILLISECOND: Final = 1_000_000
_NAMES: Final = (("time", "timestamp", "t"), ("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))
_VOLUME_NAMES: Final = ("volume", "v")
_UNKNOWN_FORM: Final = "the relay sent a candle of an unknown form"
_LATEST_MS: Final = 2**43  # in the year 2248: seconds and nanoseconds taken for milliseconds are found out


class Bar(NamedTuple):
    """A candle as the relay tells it."""

    time_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: int


def history_request(symbol: str, timeframe: str, bars: int) -> str:
    """Asks for the newest bars of a symbol; from then on the relay tells its trades and its forming bar, too."""
    request = {"type": "get_history", "symbol": symbol, "timeframe": timeframe, "bars": bars}
    return msgspec.json.encode(request).decode()


def read_messages(text: str | bytes) -> list[dict[str, Any]] | None:
    """The objects of a frame; ``None`` for what is no JSON, or none of objects."""
    try:
        found: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    messages = cast("list[Any]", found) if isinstance(found, list) else [found]
    return messages if all(isinstance(message, dict) for message in messages) else None


def read_bars(message: Mapping[str, Any]) -> list[Bar]:
    """The bars of an answer; raises ``ProviderError`` for a form nobody has seen yet."""
    rows = message.get("candles", message.get("data"))
    if not isinstance(rows, list):
        raise ProviderError("the relay's answer has no list of candles")
    return [read_bar(row) for row in cast("list[Any]", rows)]


def read_bar(row: Any) -> Bar:
    """One bar: an object with whole or one-letter names, or a row of time, prices and volume; times in ms."""
    try:
        time_ms, *prices, volume = _fields(row)
        told = [float(price) for price in prices]
        bar = Bar(int(time_ms) * _MILLISECOND, *told, volume=max(0, round(float(volume or 0))))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ProviderError(_UNKNOWN_FORM) from error
    if not 0 <= bar.time_ns < _LATEST_MS * _MILLISECOND or not all(math.isfinite(price) for price in told):
        raise ProviderError(_UNKNOWN_FORM)
    return bar


def _fields(row: Any) -> list[Any]:
    if isinstance(row, dict):
        named = cast("dict[str, Any]", row)
        return [*(_named(named, *names) for names in _NAMES), _named(named, *_VOLUME_NAMES, "") or 0]
    listed = list(cast("list[Any]", row))
    return listed[:6] if len(listed) > len(_NAMES) else [*listed, 0]


def _named(row: Mapping[str, Any], *names: str) -> Any:
    """The value by the first of the names that there is; an empty name stands for "need not be"."""
    for name in names:
        if name in row:
            return row[name]
    if "" in names:
        return None
    raise KeyError(names[0])
