"""Kite's instrument list, in the words of Indian markets: segments are called as Dhan calls them, ids are the exchanges'."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from engine.market.instrument import Instrument, InstrumentKind, OptionType
from engine.providers.kite.codec import LARGEST_ID, instrument_token
from engine.providers.master import MasterFormat, MasterRow, Terms, derivative, number_in, spot

_COLUMNS: Final = (
    "instrument_token",
    "exchange_token",
    "tradingsymbol",
    "name",
    "expiry",
    "strike",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
)
_SEGMENTS: Final[Mapping[str, str]] = {
    "NSE": "NSE_EQ",
    "BSE": "BSE_EQ",
    "NFO": "NSE_FNO",
    "BFO": "BSE_FNO",
    "CDS": "NSE_CURRENCY",
    "BCD": "BSE_CURRENCY",
    "MCX": "MCX_COMM",
}
"""By exchange; indices have one of their own."""
_INDICES: Final = "INDICES"
_INDEX_SEGMENT: Final = "IDX_I"

_SERIES: Final = re.compile(r"(?P<name>.+)-(?P<series>[A-Z0-9]{2})")
"""NSE's series behind a dash, as in CENTRALBK-BE; none is that of ordinary shares. AUTO and N in names are longer or shorter."""
_SHARE_SERIES: Final = frozenset(("BE", "BZ", "IT", "IV", "RR", "SM", "ST", "SZ"))
"""Shares, funds and trusts under other rules of trade: the same instrument. All other series are bonds, bills and the like."""
_TEST_SYMBOL: Final = "NSETEST"
_DAY_FIRST: Final = re.compile(r"(\d\d)-(\d\d)-(\d{4})")
"""As spreadsheets write an expiry back."""
_WEEKLY_MONTHS: Final = "123456789OND"
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _read(fields: Mapping[str, str]) -> MasterRow | None:
    exchange, is_index = fields["exchange"], fields["segment"] == _INDICES
    if exchange not in _SEGMENTS or _TEST_SYMBOL in fields["tradingsymbol"]:
        return None
    instrument = _instrument(fields, exchange, is_index=is_index)
    if instrument is None:
        return None
    segment = _INDEX_SEGMENT if is_index else _SEGMENTS[exchange]
    return MasterRow(instrument, segment, _security_id(fields, segment))


def _security_id(fields: Mapping[str, str], segment: str) -> str:
    """The exchange's number, of which Kite's own, the one it wants to be asked by, has to follow."""
    security_id = str(int(number_in(fields, "exchange_token", most=LARGEST_ID)))
    token = instrument_token(segment, security_id)
    if fields["instrument_token"] != str(token):
        raise ValueError(f"instrument_token is not {token}, which {segment}:{security_id} makes")
    return security_id


def _instrument(fields: Mapping[str, str], exchange: str, *, is_index: bool) -> Instrument | None:
    match fields["instrument_type"]:
        case "EQ" if is_index:
            return _spot(fields, exchange, fields["tradingsymbol"], InstrumentKind.INDEX)
        case "EQ":
            return _share(fields, exchange)
        case "FUT":
            return _derivative(fields, exchange, None)
        case "CE" | "PE" as option_type:
            return _derivative(fields, exchange, (number_in(fields, "strike"), OptionType(option_type)))
        case _:
            return None


def _share(fields: Mapping[str, str], exchange: str) -> Instrument | None:
    name, found = fields["tradingsymbol"], _SERIES.fullmatch(fields["tradingsymbol"])
    if exchange == "NSE" and found:
        if found["series"] not in _SHARE_SERIES:
            return None
        name = found["name"]
    return _spot(fields, exchange, name, InstrumentKind.EQUITY)


def _spot(fields: Mapping[str, str], exchange: str, name: str, kind: InstrumentKind) -> Instrument:
    return spot(name, exchange, kind, _terms(fields, fields["name"]))


def _derivative(fields: Mapping[str, str], exchange: str, right: tuple[Decimal, OptionType] | None) -> Instrument:
    expiry = _expiry(fields["expiry"])
    underlying = fields["name"] or _underlying(fields["tradingsymbol"], expiry)
    return derivative(underlying, exchange, expiry, right, _terms(fields, fields["tradingsymbol"]))


def _terms(fields: Mapping[str, str], title: str) -> Terms:
    return Terms(title, number_in(fields, "tick_size"), number_in(fields, "lot_size"))


def _expiry(text: str) -> date:
    found = _DAY_FIRST.fullmatch(text)
    return date.fromisoformat("-".join(reversed(found.groups())) if found else text)


def _underlying(symbol: str, expiry: date) -> str:
    """What stands before the expiry: NIFTY18JAN23500CE of a month's last contract, NIFTY2440419600CE of another week's."""
    month = f"{expiry.year % 100:02}{_MONTHS[expiry.month - 1]}"
    week = f"{expiry.year % 100:02}{_WEEKLY_MONTHS[expiry.month - 1]}{expiry.day:02}"
    for code in (month, week):
        underlying, found, _ = symbol.partition(code)
        if underlying and found:
            return underlying
    raise ValueError(f"no underlying in {symbol!r}")


FORMATS: Final = (MasterFormat("kite", "Kite instrument list", _COLUMNS, _read),)
