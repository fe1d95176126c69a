"""Channel names: what a client may ask for, as it writes it."""

from enum import StrEnum

import msgspec

from engine.market.timeframe import TimeframeError, parse_timeframe
from web.protocol.errors import Code, Problem

_LATER = frozenset({"tick", "quote", "chain", "orders", "alerts", "jobs", "sys"})


class Kind(StrEnum):
    """What a channel carries."""

    LTP = "ltp"
    CANDLE = "candle"
    STATUS = "status"
    DATA = "data"
    """The day so far, as the simple dialect sends it; it has no written name."""


class Channel(msgspec.Struct, frozen=True):
    """One thing a client follows; ``name`` and ``symbol`` are as the client wrote them."""

    name: str
    kind: Kind
    symbol: str = ""
    timeframe: str = ""


class Item(msgspec.Struct, frozen=True):
    """One entry of a request's list: a channel, or what is wrong with the entry."""

    name: str
    channel: Channel | None = None
    problem: Problem | None = None


def parse_channel(name: str) -> Item:
    """Reads ``ltp.NSE:RELIANCE``, ``candle.NSE:RELIANCE.1m``, ``status`` or ``status.NSE:RELIANCE``; never raises."""
    kind, _, rest = name.partition(".")
    if kind == Kind.STATUS:
        return Item(name, Channel(name, Kind.STATUS, rest))
    if kind == Kind.LTP and rest:
        return Item(name, Channel(name, Kind.LTP, rest))
    if kind == Kind.CANDLE and rest:
        return _candle(name, rest)
    if kind in _LATER:
        return _wrong(name, Code.NOT_AVAILABLE, f"channels of kind {kind!r} are not available here")
    return _wrong(
        name, Code.SYNTAX, f"{name[:80]!r} is no channel; write ltp.SYMBOL, candle.SYMBOL.TIMEFRAME or status"
    )


def data_channel(symbol: str) -> Item:
    """The simple dialect's channel: a bare symbol."""
    return Item(symbol, Channel(symbol, Kind.DATA, symbol))


def _candle(name: str, rest: str) -> Item:
    symbol, _, written = rest.rpartition(".")
    if not symbol:
        return _wrong(name, Code.SYNTAX, f"{name[:80]!r} names no timeframe; write candle.SYMBOL.TIMEFRAME")
    try:
        return Item(name, Channel(name, Kind.CANDLE, symbol, parse_timeframe(written)))
    except TimeframeError as error:
        return _wrong(name, Code.SYNTAX, str(error))


def _wrong(name: str, code: Code, message: str) -> Item:
    return Item(name, problem=Problem(code, message))
