"""Dhan's scrip masters, the compact and the detailed one, which hold the same in other columns."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.providers.master import MasterFormat, MasterRow, Terms, derivative, number_in, spot

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
_DETAILED: Final[Mapping[str, str]] = {
    "SEM_EXM_EXCH_ID": "EXCH_ID",
    "SEM_SEGMENT": "SEGMENT",
    "SEM_SMST_SECURITY_ID": "SECURITY_ID",
    "SEM_INSTRUMENT_NAME": "INSTRUMENT",
    "SEM_TRADING_SYMBOL": "SYMBOL_NAME",
    "SEM_LOT_UNITS": "LOT_SIZE",
    "SEM_CUSTOM_SYMBOL": "DISPLAY_NAME",
    "SEM_EXPIRY_DATE": "SM_EXPIRY_DATE",
    "SEM_STRIKE_PRICE": "STRIKE_PRICE",
    "SEM_OPTION_TYPE": "OPTION_TYPE",
    "SEM_TICK_SIZE": "TICK_SIZE",
    "SEM_EXCH_INSTRUMENT_TYPE": "INSTRUMENT_TYPE",
    "SM_SYMBOL_NAME": "SYMBOL_NAME",
}
"""The compact list's columns, and what the detailed one calls them."""
_DETAILED_TICKER: Final = "UNDERLYING_SYMBOL"
"""Where the detailed list has what shares and indices are traded as; its SYMBOL_NAME is the company's there."""

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
_LARGEST_ID: Final = 2**32 - 1


def _read(fields: Mapping[str, str]) -> MasterRow | None:
    reader = _reader(fields)
    if reader is None or _TEST_SYMBOL in fields["SEM_TRADING_SYMBOL"]:
        return None
    place = fields["SEM_EXM_EXCH_ID"], fields["SEM_SEGMENT"]
    if place not in _PLACES:
        raise ValueError(f"no segment is known for {'/'.join(place)}")
    segment, exchange = _PLACES[place]
    security_id = number_in(fields, "SEM_SMST_SECURITY_ID", most=_LARGEST_ID)
    return MasterRow(reader(fields, exchange), segment, str(int(security_id)))


def _read_detailed(fields: Mapping[str, str]) -> MasterRow | None:
    same = {column: fields[name] for column, name in _DETAILED.items()}
    if fields["INSTRUMENT"] in ("EQUITY", "INDEX"):
        same["SEM_TRADING_SYMBOL"] = fields[_DETAILED_TICKER]
    return _read(same)


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
    tick_size = number_in(fields, "SEM_TICK_SIZE")  # rupees here, paise everywhere else
    return _spot(fields, exchange, InstrumentKind.INDEX, tick_size)


def _share(fields: Mapping[str, str], exchange: str) -> Instrument:
    return _spot(fields, exchange, InstrumentKind.EQUITY, _tick_size(fields))


def _spot(fields: Mapping[str, str], exchange: str, kind: InstrumentKind, tick_size: Decimal) -> Instrument:
    title = fields["SEM_CUSTOM_SYMBOL"] or fields["SM_SYMBOL_NAME"]
    terms = Terms(title, tick_size, number_in(fields, "SEM_LOT_UNITS"))
    return spot(fields["SEM_TRADING_SYMBOL"], exchange, kind, terms)


def _future(fields: Mapping[str, str], exchange: str) -> Instrument:
    return _derivative(fields, exchange, _underlying(fields, parts=2), None)


def _option(fields: Mapping[str, str], exchange: str) -> Instrument:
    right = number_in(fields, "SEM_STRIKE_PRICE"), OptionType(fields["SEM_OPTION_TYPE"])
    return _derivative(fields, exchange, _underlying(fields, parts=3), right)


def _derivative(
    fields: Mapping[str, str], exchange: str, underlying: str, right: tuple[Decimal, OptionType] | None
) -> Instrument:
    expiry = date.fromisoformat(fields["SEM_EXPIRY_DATE"][:10])
    terms = Terms(fields["SEM_CUSTOM_SYMBOL"], _tick_size(fields), number_in(fields, "SEM_LOT_UNITS"))
    return derivative(underlying, exchange, expiry, right, terms)


def _underlying(fields: Mapping[str, str], *, parts: int) -> str:
    """What stands before expiry, strike and type in ``BAJAJ-AUTO-Oct2026-9000-CE``; no column holds it reliably."""
    underlying, *rest = fields["SEM_TRADING_SYMBOL"].upper().rsplit("-", parts)
    if len(rest) < parts or not underlying:
        raise ValueError(f"no underlying in {fields['SEM_TRADING_SYMBOL']!r}")
    return underlying


def _tick_size(fields: Mapping[str, str]) -> Decimal:
    return number_in(fields, "SEM_TICK_SIZE") / _PAISE


FORMATS: Final = (
    MasterFormat("dhan", "compact scrip master", _COLUMNS, _read),
    MasterFormat("dhan", "detailed scrip master", (*_DETAILED.values(), _DETAILED_TICKER), _read_detailed),
)
