"""Symbols: how instruments are written, read and found."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches

import msgspec

from engine.market.errors import SymbolError
from engine.market.instrument import InstrumentKind, OptionType

DEFAULT_EXCHANGES = ("NSE", "BSE", "NFO", "MCX", "NASDAQ", "NYSE", "CME", "COMEX", "NYMEX")

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAME = re.compile(r"[A-Z0-9^](?:[A-Z0-9 &._^*$#+/=!-]*[A-Z0-9&._*$#+/=!-])?")
_EXCHANGE = re.compile(r"[A-Z][A-Z0-9]*")
_SEGMENT_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_.]*):([^:\s]+)")
# The underlying is taken greedily: exactly two digits stand before the month, whatever digits end the name.
_DERIVATIVE = re.compile(
    rf"(?P<underlying>.+)(?P<day>\d\d)(?P<month>{'|'.join(_MONTHS)})(?P<year>\d\d)"
    r"(?:FUT|(?P<strike>\d+(?:\.\d+)?)(?P<type>CE|PE))"
)
_CONTINUOUS = re.compile(r"(?P<underlying>.+?)(?P<rank>[1-9])!")
_CANDIDATES = 5000
_NEAR = 3


class Symbol(msgspec.Struct, frozen=True):
    """What a symbol says by itself. ``kind`` is None for a name that may be an equity or an index."""

    name: str
    exchange: str | None = None
    kind: InstrumentKind | None = None
    underlying: str | None = None
    expiry: date | None = None
    strike: float | None = None
    option_type: OptionType | None = None
    rank: int | None = None
    """1 for the nearest contract of a continuous future, ``NIFTY1!``."""

    @property
    def canonical(self) -> str:
        """``EXCHANGE:SYMBOL``; only the name while the exchange is open."""
        return self.name if self.exchange is None else f"{self.exchange}:{self.name}"


class SegmentKey(msgspec.Struct, frozen=True):
    """An instrument as its provider numbers it: ids are unique inside a segment only."""

    segment: str
    security_id: str

    def __str__(self) -> str:
        return f"{self.segment}:{self.security_id}"


def parse_symbol(text: str) -> Symbol:
    """Read ``NSE:RELIANCE``, ``RELIANCE``, ``NFO:NIFTY26NOV2624500CE`` or ``NFO:NIFTY1!``; letters may be small."""
    before, colon, after = text.strip().upper().partition(":")
    exchange, name = (before.strip(), after.strip()) if colon else (None, before)
    if exchange is not None and not _EXCHANGE.fullmatch(exchange):
        raise SymbolError(f"{text!r} (before the colon stands an exchange, as NSE)")
    if not _NAME.fullmatch(name):
        raise SymbolError(f"{text!r} (a symbol is written EXCHANGE:SYMBOL, as NSE:RELIANCE)")
    return _derivative(name, exchange) or _continuous(name, exchange) or Symbol(name, exchange)


def _derivative(name: str, exchange: str | None) -> Symbol | None:
    found = _DERIVATIVE.fullmatch(name)
    if found is None:
        return None
    expiry = _expiry(name, found["day"], found["month"], found["year"])
    if found["strike"] is None:
        return Symbol(name, exchange, InstrumentKind.FUTURE, found["underlying"], expiry)
    strike, option_type = float(found["strike"]), OptionType(found["type"])
    name = format_derivative(found["underlying"], expiry, strike, option_type)  # one spelling: 24500.0 is 24500
    return Symbol(name, exchange, InstrumentKind.OPTION, found["underlying"], expiry, strike, option_type)


def _expiry(name: str, day: str, month: str, year: str) -> date:
    try:
        return date(2000 + int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError as error:
        raise SymbolError(f"{name!r} (there is no {day} {month} {year})") from error


def _continuous(name: str, exchange: str | None) -> Symbol | None:
    found = _CONTINUOUS.fullmatch(name)
    if found is None:
        return None
    return Symbol(name, exchange, InstrumentKind.FUTURE, found["underlying"], rank=int(found["rank"]))


def format_derivative(
    underlying: str, expiry: date, strike: float | None = None, option_type: OptionType | str | None = None
) -> str:
    """The symbol of a future, or with strike and type of an option, without exchange: ``NIFTY26NOV2624500CE``."""
    stem = f"{underlying}{expiry.day:02}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02}"
    if strike is None or option_type is None:
        return f"{stem}FUT"
    return f"{stem}{strike:.6f}".rstrip("0").rstrip(".") + OptionType(option_type)


def parse_segment_key(text: str) -> SegmentKey:
    """Read ``NSE_EQ:1333``."""
    found = _SEGMENT_KEY.fullmatch(text.strip())
    if found is None:
        raise SymbolError(f"{text!r} (a segment key is written SEGMENT:ID, as NSE_EQ:1333)")
    return SegmentKey(found[1].upper(), found[2])


def is_segment_key(text: str) -> bool:
    """Whether it names a provider's segment rather than an exchange: no exchange has an underscore in its name."""
    return "_" in text.partition(":")[0] and ":" in text


class SymbolTable:
    """The instruments that are known, found by what people write."""

    def __init__(
        self,
        default_exchanges: Sequence[str] = DEFAULT_EXCHANGES,
        known: Iterable[str] = (),
        segment_keys: Mapping[str, str] | None = None,
    ) -> None:
        self._default_exchanges = tuple(default_exchanges)
        self._known = set(known)
        self._segment_keys = dict(segment_keys or {})

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, canonical: str) -> bool:
        return canonical in self._known

    def resolve(self, text: str) -> str:
        """The canonical name of a symbol or segment key; a bare one means the first default exchange that lists it."""
        if text in self._known:
            return text
        if is_segment_key(text):
            return self._by_segment_key(text)
        symbol = parse_symbol(text)
        for canonical in self._meanings(symbol):
            if canonical in self._known:
                return canonical
        raise SymbolError(repr(text), self._near(symbol))

    def _by_segment_key(self, text: str) -> str:
        try:
            return self._segment_keys[str(parse_segment_key(text))]
        except KeyError:
            raise SymbolError(f"{text!r} (no instrument is mapped to it)") from None

    def _meanings(self, symbol: Symbol) -> Iterator[str]:
        if symbol.exchange is not None:
            yield symbol.canonical
        else:
            yield from (f"{exchange}:{symbol.name}" for exchange in self._default_exchanges)

    def _near(self, symbol: Symbol) -> tuple[str, ...]:
        elsewhere = [f"{exchange}:{symbol.name}" for exchange in self._default_exchanges]
        listed = [canonical for canonical in elsewhere if canonical in self._known]
        if listed:
            return tuple(listed[:_NEAR])
        names = self._alike(symbol.name)
        close = get_close_matches(symbol.name, names, _NEAR)
        return tuple(names[name] for name in close)

    def _alike(self, name: str) -> dict[str, str]:
        """A bounded choice for difflib, which takes seconds over a whole exchange's options."""
        alike: dict[str, str] = {}
        for canonical in self._known:
            bare = canonical.partition(":")[2]
            if bare[:1] == name[:1] and abs(len(bare) - len(name)) <= _NEAR:
                alike.setdefault(bare, canonical)
                if len(alike) >= _CANDIDATES:
                    break
        return alike
