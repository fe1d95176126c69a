"""Channel names: what a client may ask for, as it writes it."""

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from engine.market.timeframe import TimeframeError, parse_timeframe
from engine.market.views import View, ViewError
from web.protocol.errors import Code, Problem

_NEWEST = frozenset({"ltp", "tick", "quote", "depth"})
_OWNED = frozenset({"alerts", "orders"})
_UNNAMED = frozenset({"jobs", "sys"})


_SCREENER = re.compile(r"[a-z][a-z0-9_-]{0,31}|[0-9]{1,10}")


class Kind(StrEnum):
    """What a channel carries."""

    LTP = "ltp"
    CANDLE = "candle"
    STATUS = "status"
    CHAIN = "chain"
    """The options of an underlying that expire on one day."""
    DEPTH = "depth"
    """The order book, as many levels of it as a provider shows."""
    DATA = "data"
    """The day so far, as the simple dialect sends it; it has no written name."""
    TICK = "tick"
    QUOTE = "quote"
    JOBS = "jobs"
    ALERTS = "alerts"
    ORDERS = "orders"
    SYS = "sys"
    """How all processes of the installation are."""
    SCREENING = "screening"
    """How far the run of a screener is; the symbol is its id."""
    SCREENER = "screener"
    """The newest price, as the screener dialect sends it; it has no written name."""


class Channel(msgspec.Struct, frozen=True):
    """One thing a client follows; ``name`` and ``symbol`` are as the client wrote them.

    Of ``alerts`` and ``orders`` the symbol is whose they are.
    """

    name: str
    kind: Kind
    symbol: str = ""
    timeframe: str = ""
    view: View | None = None
    """How candles are to be shown; None: as they were traded."""
    place: str = ""
    """``SEGMENT:ID`` where the instrument's price is kept, for who is told it."""
    expiry: str = ""
    """Of an option chain, the day as in ``2026-11-26``."""


class Item(msgspec.Struct, frozen=True):
    """One entry of a request's list: a channel, or what is wrong with the entry."""

    name: str
    channel: Channel | None = None
    problem: Problem | None = None


def parse_channel(name: str) -> Item:
    """Reads ``ltp.NSE:RELIANCE``, ``candle.NSE:RELIANCE.1m``, ``status`` or ``status.NSE:RELIANCE``; never raises.

    ``tick``, ``quote`` and ``depth`` are written as ``ltp``, chains with their expiry, as ``chain.NSE:NIFTY.2026-11-26``; ``jobs``,
    ``sys``, ``alerts`` and ``orders`` stand alone; the runs of a screener are ``screening.swing``.

    Candles may be asked for as a view shows them: ``candle.NSE:RELIANCE.1m?continuous=true&wick=0.5%``.
    """
    kind, _, rest = name.partition(".")
    if kind == Kind.STATUS:
        return Item(name, Channel(name, Kind.STATUS, rest))
    if kind in _NEWEST and rest:
        return Item(name, Channel(name, Kind(kind), rest))
    if kind in _OWNED or name in _UNNAMED:
        return Item(name, Channel(name, Kind(kind), rest))
    if kind in _PARSERS and rest:
        return _PARSERS[kind](name, rest)
    return _wrong(
        name,
        Code.SYNTAX,
        f"{name[:80]!r} is no channel; write as ltp.SYMBOL, candle.SYMBOL.TIMEFRAME, chain.SYMBOL.EXPIRY or status",
    )


def screening_channel(name: str, screener: str) -> Item:
    """The runs of a screener, by its id."""
    if not _SCREENER.fullmatch(screener):
        return _wrong(
            name, Code.SYNTAX, f"{screener[:40]!r} is no screener's id; write as screening.swing or screening.12"
        )
    return Item(name, Channel(name, Kind.SCREENING, screener))


def data_channel(symbol: str) -> Item:
    """The simple dialect's channel: a bare symbol."""
    return Item(symbol, Channel(symbol, Kind.DATA, symbol))


def _candle(name: str, rest: str) -> Item:
    place, asks, written_view = rest.partition("?")
    symbol, _, written = place.rpartition(".")
    if not symbol:
        return _wrong(name, Code.SYNTAX, f"{name[:80]!r} names no timeframe; write candle.SYMBOL.TIMEFRAME")
    try:
        view = _view(written_view) if asks else None
        return Item(name, Channel(name, Kind.CANDLE, symbol, parse_timeframe(written), view))
    except (TimeframeError, ViewError) as error:
        return _wrong(name, Code.SYNTAX, str(error))


def _chain(name: str, rest: str) -> Item:
    symbol, _, written = rest.rpartition(".")
    try:
        expiry = date.fromisoformat(written if symbol else "").isoformat()
    except ValueError:
        return _wrong(name, Code.SYNTAX, f"{name[:80]!r} names no day of expiry; write chain.NSE:NIFTY.2026-11-26")
    return Item(name, Channel(name, Kind.CHAIN, symbol, expiry=expiry))


def _view(written: str) -> View:
    wishes = dict(parse_qsl(written, keep_blank_values=True))
    if not wishes or not wishes.keys() <= {"continuous", "wick"}:
        raise ViewError(f"write continuous=true, wick=0.5% or both joined by &, not {written[:40]!r}")
    return View.parse(wishes.get("continuous", ""), wishes.get("wick", ""))


def _wrong(name: str, code: Code, message: str) -> Item:
    return Item(name, problem=Problem(code, message))


_PARSERS: Final[dict[str, Callable[[str, str], Item]]] = {
    Kind.SCREENING: screening_channel,
    Kind.CANDLE: _candle,
    Kind.CHAIN: _chain,
}
"""By kind, what reads the rest of a name that has parts of its own."""
