"""Dhan's compact scrip master: the CSV of everything tradable, read into instruments with their segment and id."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from engine.market.errors import SymbolError
from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.market.symbols import format_derivative, parse_symbol
from engine.providers.base import Advice, ProviderError

_COLUMNS: Final = (
    "SEM_EXM_EXCH_ID",
    "SEM_SEGMENT",
    "SEM_SMST_SECURITY_ID",
    "SEM_INSTRUMENT_NAME",
    "SEM_TRADING_SYMBOL",
    "SEM_LOT_UNITS",
    "SEM_CUSTOM_SYMBOL",
    "SEM_EXPIRY_DATE",
    "SEM_STRIKE_PRICE",
    "SEM_OPTION_TYPE",
    "SEM_TICK_SIZE",
    "SEM_EXCH_INSTRUMENT_TYPE",
    "SM_SYMBOL_NAME",
)
_PLACES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("NSE", "E"): ("NSE_EQ", "NSE"),
    ("NSE", "D"): ("NSE_FNO", "NFO"),
    ("NSE", "C"): ("NSE_CURRENCY", "CDS"),
    ("NSE", "I"): ("IDX_I", "NSE"),
    ("BSE", "E"): ("BSE_EQ", "BSE"),
    ("BSE", "D"): ("BSE_FNO", "BFO"),
    ("BSE", "C"): ("BSE_CURRENCY", "BCD"),
    ("BSE", "I"): ("IDX_I", "BSE"),
    ("MCX", "M"): ("MCX_COMM", "MCX"),
    ("MCX", "D"): ("MCX_COMM", "MCX"),
    ("MCX", "I"): ("IDX_I", "MCX"),
}
"""Exchange and segment letter of the file: segment of the feed, exchange of the canonical name."""

_SHARES: Final = frozenset(("ES", "ETF", "REIT", "InvITU"))
"""What is watched among the thousands of bonds, bills and warrants that are "equity", too."""
_TEST_SYMBOL: Final = "NSETEST"
_PAISE: Final = 100
_EARLIEST_EXPIRY: Final = date(2000, 1, 1)  # 0001-01-01 stands for none
_LARGEST_ID: Final = 2**32 - 1
_SAMPLE_SIZE: Final = 100


class MasterRow(msgspec.Struct, frozen=True):
    """One instrument and how Dhan names it. The instrument's own ``id`` is 0: no database has numbered it yet."""

    instrument: Instrument
    segment: str
    security_id: str


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be used, and why. ``number`` counts from 1, the header included."""

    number: int
    reason: str


class MasterStatistics(msgspec.Struct, frozen=True):
    """What became of the lines so far."""

    lines: int = 0
    instruments: int = 0
    other_kinds: int = 0
    """Bonds, bills, warrants, test symbols and kinds we do not know."""
    duplicates: int = 0
    """Lines whose canonical name an earlier line has taken."""
    bad: int = 0
    bad_lines: tuple[BadLine, ...] = ()
    """The first hundred."""


class ScripMaster:
    """Iterates over the instruments of a compact master's lines; the file is never held as a whole."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = enumerate(lines, 1)
        self._taken: set[str] = set()
        self._count = self._instruments = self._other_kinds = self._duplicates = self._bad = 0
        self._bad_lines: list[BadLine] = []

    def statistics(self) -> MasterStatistics:
        return MasterStatistics(
            lines=self._count,
            instruments=self._instruments,
            other_kinds=self._other_kinds,
            duplicates=self._duplicates,
            bad=self._bad,
            bad_lines=tuple(self._bad_lines),
        )

    def __iter__(self) -> Iterator[MasterRow]:
        _, header = next(self._lines, (1, ""))
        columns = _fields(header.removeprefix("\ufeff"))
        missing = [name for name in _COLUMNS if name not in columns]
        if missing:
            raise ProviderError(f"this is no compact scrip master: no {missing[0]}", advice=Advice.FIX_REQUEST)
        for number, line in self._lines:
            row = self._row(number, columns, line)
            if row is not None:
                yield row

    def _row(self, number: int, columns: list[str], line: str) -> MasterRow | None:
        fields = _fields(line)
        if fields == [""]:
            return None
        self._count += 1
        try:
            row = _read(_named(columns, fields))
        except (ValueError, ArithmeticError, SymbolError) as error:
            self._note_bad(number, error)
            return None
        return self._first_of_its_name(row)

    def _note_bad(self, number: int, error: Exception) -> None:
        self._bad += 1
        if len(self._bad_lines) < _SAMPLE_SIZE:
            self._bad_lines.append(BadLine(number, str(error) or type(error).__name__))

    def _first_of_its_name(self, row: MasterRow | None) -> MasterRow | None:
        if row is None:
            self._other_kinds += 1
        elif row.instrument.canonical in self._taken:
            self._duplicates += 1
        else:
            self._taken.add(row.instrument.canonical)
            self._instruments += 1
            return row
        return None


def _fields(line: str) -> list[str]:
    # The file quotes nothing; reading quotes would let one stray quote swallow all lines after it.
    return [field.strip() for field in line.rstrip("\r\n").split(",")]


def _named(columns: list[str], fields: list[str]) -> Mapping[str, str]:
    if len(fields) != len(columns):
        raise ValueError(f"expected {len(columns)} columns, was {len(fields)}")
    return dict(zip(columns, fields, strict=True))


def _read(fields: Mapping[str, str]) -> MasterRow | None:
    reader = _reader(fields)
    if reader is None or _TEST_SYMBOL in fields["SEM_TRADING_SYMBOL"]:
        return None
    place = fields["SEM_EXM_EXCH_ID"], fields["SEM_SEGMENT"]
    if place not in _PLACES:
        raise ValueError(f"no segment is known for {'/'.join(place)}")
    segment, exchange = _PLACES[place]
    security_id = _number(fields, "SEM_SMST_SECURITY_ID", most=_LARGEST_ID)
    return MasterRow(reader(fields, exchange), segment, str(int(security_id)))


def _reader(fields: Mapping[str, str]) -> Callable[[Mapping[str, str], str], Instrument] | None:
    match fields["SEM_INSTRUMENT_NAME"]:
        case "INDEX":
            return _index
        case "EQUITY" if fields["SEM_EXCH_INSTRUMENT_TYPE"] in _SHARES:
            return _share
        case "FUTIDX" | "FUTSTK" | "FUTCOM" | "FUTCUR":
            return _future
        case "OPTIDX" | "OPTSTK" | "OPTFUT" | "OPTCUR":
            return _option
        case _:
            return None


def _index(fields: Mapping[str, str], exchange: str) -> Instrument:
    tick_size = _number(fields, "SEM_TICK_SIZE")  # rupees here, paise everywhere else
    return _spot(fields, exchange, InstrumentKind.INDEX, float(tick_size))


def _share(fields: Mapping[str, str], exchange: str) -> Instrument:
    return _spot(fields, exchange, InstrumentKind.EQUITY, _tick_size(fields))


def _spot(fields: Mapping[str, str], exchange: str, kind: InstrumentKind, tick_size: float) -> Instrument:
    symbol = parse_symbol(f"{exchange}:{fields['SEM_TRADING_SYMBOL']}")
    if symbol.kind is not None:
        raise ValueError(f"{symbol.name} reads as a {symbol.kind}")
    return Instrument(
        id=0,
        exchange=exchange,
        symbol=symbol.name,
        name=fields["SEM_CUSTOM_SYMBOL"] or fields["SM_SYMBOL_NAME"] or symbol.name,
        kind=kind,
        tick_size=tick_size,
        lot_size=int(_number(fields, "SEM_LOT_UNITS")),
    )


def _future(fields: Mapping[str, str], exchange: str) -> Instrument:
    return _derivative(fields, exchange, _underlying(fields, parts=2), strike=None, option_type=None)


def _option(fields: Mapping[str, str], exchange: str) -> Instrument:
    strike = float(_number(fields, "SEM_STRIKE_PRICE"))
    if not strike:
        raise ValueError(f"an option with the strike {fields['SEM_STRIKE_PRICE']!r}")
    option_type = OptionType(fields["SEM_OPTION_TYPE"])
    return _derivative(fields, exchange, _underlying(fields, parts=3), strike=strike, option_type=option_type)


def _derivative(
    fields: Mapping[str, str], exchange: str, underlying: str, *, strike: float | None, option_type: OptionType | None
) -> Instrument:
    expiry = date.fromisoformat(fields["SEM_EXPIRY_DATE"][:10])
    if expiry < _EARLIEST_EXPIRY:
        raise ValueError(f"a derivative that expires on {expiry}")
    symbol = parse_symbol(f"{exchange}:{format_derivative(underlying, expiry, strike, option_type)}")
    return Instrument(
        id=0,
        exchange=exchange,
        symbol=symbol.name,
        name=fields["SEM_CUSTOM_SYMBOL"] or symbol.name,
        kind=InstrumentKind.FUTURE if option_type is None else InstrumentKind.OPTION,
        tick_size=_tick_size(fields),
        lot_size=int(_number(fields, "SEM_LOT_UNITS")),
        expiry=expiry,
        strike=strike,
        option_type=option_type,
        underlying=underlying,
    )


def _underlying(fields: Mapping[str, str], *, parts: int) -> str:
    """What stands before expiry, strike and type in ``BAJAJ-AUTO-Oct2026-9000-CE``; no column holds it reliably."""
    underlying, *rest = fields["SEM_TRADING_SYMBOL"].upper().rsplit("-", parts)
    if len(rest) < parts or not underlying:
        raise ValueError(f"no underlying in {fields['SEM_TRADING_SYMBOL']!r}")
    return underlying


def _tick_size(fields: Mapping[str, str]) -> float:
    return float(_number(fields, "SEM_TICK_SIZE") / _PAISE)


def _number(fields: Mapping[str, str], column: str, *, most: int = 10**9) -> Decimal:
    try:
        number = Decimal(fields[column])
    except InvalidOperation:
        raise ValueError(f"{column} is no number: {fields[column]!r}") from None
    if not 0 <= number <= most:
        raise ValueError(f"{column} is out of range: {fields[column]!r}")
    return number
