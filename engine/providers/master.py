"""Instrument lists: the CSV files in which providers name everything tradable, read line by line into instruments.

A file is never held as a whole, and no line stops the reading: what can not be used is counted, and told with its reason.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

import msgspec

from engine.market.errors import SymbolError
from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.market.symbols import format_derivative, parse_symbol
from engine.providers.base import Advice, ProviderError

_SAMPLE_SIZE: Final = 100
_SHOWN: Final = 60
_FIRST_YEAR: Final = 2000
_INDEX_TICK: Final = Decimal("0.05")
"""Of an index whose list says 0: nobody trades it, so no price of it has to fit."""

_INDEX_NAMES: Final[Mapping[str, str]] = {
    "NIFTY 50": "NIFTY",
    "NIFTY BANK": "BANKNIFTY",
    "NIFTY FIN SERVICE": "FINNIFTY",
    "NIFTY MID SELECT": "MIDCPNIFTY",
    "NIFTY NEXT 50": "NIFTYNXT50",
    "NIFTY IT": "NIFTYIT",
    "NIFTY PSE": "NIFTYPSE",
    "NIFTY INFRA": "NIFTYINFRA",
    "NIFTY CPSE": "NIFTYCPSE",
    "NIFTY MIDCAP 50": "NIFTYMCAP50",
    "NIFTY MIDCAP 100": "NIFTY MID100 FREE",
    "NIFTY MIDSML 400": "NIFTY MIDSMALLCAP 400",
    "NIFTY SMLCAP 50": "NIFTY SMALLCAP 50",
    "NIFTY SMLCAP 100": "NIFTY SMALLCAP 100",
    "NIFTY SMLCAP 250": "NIFTY SMALLCAP 250",
    "NIFTY100 EQL WGT": "NIFTY100 EQUAL WEIGHT",
    "NIFTY100 LOWVOL30": "NIFTY100 LOW VOLATILITY 30",
}
"""One index, one name, whoever lists it: with two, half of its providers would be nobody's."""


class MasterRow(msgspec.Struct, frozen=True):
    """One instrument and how its provider names it. The instrument's own ``id`` is 0: no database has numbered it yet."""

    instrument: Instrument
    segment: str
    security_id: str


class Repeated(msgspec.Struct, frozen=True):
    """A line whose canonical name, or whose id in its segment, an earlier line has taken. Lines count from 1."""

    number: int
    row: MasterRow
    of: int
    """The earlier line."""


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
    """Lines whose canonical name, or whose id in its segment, an earlier line has taken."""
    bad: int = 0
    bad_lines: tuple[BadLine, ...] = ()
    """The first hundred."""
    repeated: tuple[Repeated, ...] = ()
    """The first hundred of the duplicates."""

    def __str__(self) -> str:
        counts = f"{self.other_kinds:,} of other kinds, {self.duplicates:,} repeated, {self.bad:,} bad"
        return f"{self.lines:,} lines: {self.instruments:,} instruments, {counts}"


class MasterFormat(NamedTuple):
    """How one provider writes its list."""

    provider: str
    name: str
    """In words."""
    columns: Sequence[str]
    """Those that are read; a header with all of them is of this format."""
    read: Callable[[Mapping[str, str]], MasterRow | None]
    """A line's row; ``None`` for other kinds. Raises ValueError, ArithmeticError or SymbolError for what can not be."""


class Master:
    """Iterates over the instruments of a list's lines, of whichever of the formats its header has."""

    def __init__(self, lines: Iterable[str], formats: Sequence[MasterFormat]) -> None:
        self._lines = enumerate(lines, 1)
        self._formats = formats
        self.provider = ""
        """Whose list it is; known once its header was read."""
        self._taken: dict[int, int] = {}
        """Lines by the hashes of names and ids: of 200,000 lines the texts would take several times as much."""
        self._count = self._instruments = self._other_kinds = self._duplicates = self._bad = 0
        self._bad_lines: list[BadLine] = []
        self._repeated: list[Repeated] = []

    def statistics(self) -> MasterStatistics:
        return MasterStatistics(
            lines=self._count,
            instruments=self._instruments,
            other_kinds=self._other_kinds,
            duplicates=self._duplicates,
            bad=self._bad,
            bad_lines=tuple(self._bad_lines),
            repeated=tuple(self._repeated),
        )

    def __iter__(self) -> Iterator[MasterRow]:
        """Raises ProviderError when the first line is no header of these formats."""
        _, header = next(self._lines, (1, ""))
        columns = _fields(header.removeprefix("\ufeff"))
        form = self._format(columns, header)
        self.provider = form.provider
        for number, line in self._lines:
            row = self._row(form, number, columns, line)
            if row is not None:
                yield row

    def _format(self, columns: list[str], header: str) -> MasterFormat:
        found = next((form for form in self._formats if set(form.columns) <= set(columns)), None)
        if found is None:
            known = " or ".join(form.name for form in self._formats)
            begins = header.strip()[:_SHOWN]
            raise ProviderError(f"this is no {known}: it begins with {begins!r}", advice=Advice.FIX_REQUEST)
        return found

    def _row(self, form: MasterFormat, number: int, columns: list[str], line: str) -> MasterRow | None:
        fields = _fields(line, len(columns))
        if fields == [""]:
            return None
        self._count += 1
        try:
            row = form.read(_named(columns, fields))
        except (ValueError, ArithmeticError, SymbolError) as error:
            self._note_bad(number, error)
            return None
        return self._first_of_its_name(number, row)

    def _note_bad(self, number: int, error: Exception) -> None:
        self._bad += 1
        if len(self._bad_lines) < _SAMPLE_SIZE:
            self._bad_lines.append(BadLine(number, str(error) or type(error).__name__))

    def _note_repeated(self, repeated: Repeated) -> None:
        self._duplicates += 1
        if len(self._repeated) < _SAMPLE_SIZE:
            self._repeated.append(repeated)

    def _first_of_its_name(self, number: int, row: MasterRow | None) -> MasterRow | None:
        if row is None:
            self._other_kinds += 1
            return None
        names = hash(row.instrument.canonical), hash((row.segment, row.security_id))
        earlier = min((self._taken[name] for name in names if name in self._taken), default=0)
        if earlier:
            self._note_repeated(Repeated(number, row, earlier))
            return None
        self._taken |= dict.fromkeys(names, number)
        self._instruments += 1
        return row


def _fields(line: str, expected: int = 0) -> list[str]:
    # Hardly anybody quotes; reading quotes over lines would let one stray quote swallow all that come after it.
    fields = line.rstrip("\r\n").split(",")
    if '"' in line and len(fields) > expected > 0:
        fields = next(csv.reader([line.rstrip("\r\n")]), fields)
    return [field.strip().removeprefix('"').removesuffix('"') for field in fields]


def _named(columns: list[str], fields: list[str]) -> Mapping[str, str]:
    if len(fields) != len(columns):
        raise ValueError(f"expected {len(columns)} columns, was {len(fields)}")
    if any("\0" in field for field in fields):
        raise ValueError("a zero character, which no database keeps in a text")
    return dict(zip(columns, fields, strict=True))


def number_in(fields: Mapping[str, str], column: str, *, most: int = 10**9) -> Decimal:
    """A field's number from 0 to ``most``; a ValueError names what stands there instead."""
    try:
        number = Decimal(fields[column])
    except InvalidOperation:
        raise ValueError(f"{column} is no number: {fields[column]!r}") from None
    if not 0 <= number <= most:
        raise ValueError(f"{column} is out of range: {fields[column]!r}")
    return number


def positive(number: Decimal, what: str) -> Decimal:
    """The same number; a ValueError when it is 0, which no table takes for what is traded."""
    if not number:
        raise ValueError(f"a {what} of 0")
    return number


class Terms(NamedTuple):
    """What every list says of an instrument."""

    title: str
    tick_size: Decimal
    lot: Decimal


def spot(name: str, exchange: str, kind: InstrumentKind, terms: Terms) -> Instrument:
    """A share or an index; an index whose list tells no tick size or lot has the usual ones."""
    is_index = kind is InstrumentKind.INDEX
    symbol = parse_symbol(f"{exchange}:{_INDEX_NAMES.get(name.upper(), name) if is_index else name}")
    if symbol.kind is not None:
        raise ValueError(f"{symbol.name} reads as a {symbol.kind}")
    if is_index:
        terms = Terms(terms.title, terms.tick_size or _INDEX_TICK, terms.lot or Decimal(1))
    return Instrument(
        id=0,
        exchange=exchange,
        symbol=symbol.name,
        name=terms.title or symbol.name,
        kind=kind,
        tick_size=float(positive(terms.tick_size, "tick size")),
        lot_size=int(positive(terms.lot, "lot")),
    )


def derivative(
    underlying: str, exchange: str, expiry: date, right: tuple[Decimal, OptionType] | None, terms: Terms
) -> Instrument:
    """A future, or with a strike and a type an option."""
    if not _FIRST_YEAR <= expiry.year < _FIRST_YEAR + 100:  # two digits of the year stand in the symbol
        raise ValueError(f"a derivative that expires on {expiry}")
    strike, option_type = (float(positive(right[0], "strike")), right[1]) if right else (None, None)
    symbol = parse_symbol(f"{exchange}:{format_derivative(underlying, expiry, strike, option_type)}")
    return Instrument(
        id=0,
        exchange=exchange,
        symbol=symbol.name,
        name=terms.title or symbol.name,
        kind=InstrumentKind.FUTURE if right is None else InstrumentKind.OPTION,
        tick_size=float(positive(terms.tick_size, "tick size")),
        lot_size=int(positive(terms.lot, "lot")),
        expiry=expiry,
        strike=strike,
        option_type=option_type,
        underlying=underlying.upper(),
    )
