"""What Kite calls the exchange's instruments: tokens of its own for indices, and trading symbols."""

from datetime import timedelta
from typing import Final, NamedTuple

from engine.providers.kite.codec import SEGMENT_CODES, instrument_token
from engine.providers.simulator.instruments import Listing

_INDEX_SEGMENT: Final = "IDX_I"
_INDICES: Final = {
    "NSE:NIFTY": (1001, "NIFTY 50"),
    "NSE:BANKNIFTY": (1016, "NIFTY BANK"),
    "NSE:INDIA VIX": (1035, "INDIA VIX"),
}
_WEEKLY_MONTHS: Final = "123456789OND"
_WEEK: Final = timedelta(days=7)


class KiteName(NamedTuple):
    """One instrument in Kite's words."""

    segment: str
    security_id: str
    symbol: str
    """Trading symbol, as in ``NIFTY26NOVFUT``."""

    @property
    def token(self) -> int:
        return instrument_token(self.segment, self.security_id)


def kite_name(listing: Listing) -> KiteName | None:
    """None of what Kite does not carry."""
    if listing.kind == "index":
        found = _INDICES.get(listing.instrument)
        return None if found is None else KiteName(_INDEX_SEGMENT, str(found[0]), found[1])
    if listing.segment not in SEGMENT_CODES:
        return None
    return KiteName(listing.segment, str(listing.security_id), _symbol(listing))


def underlying_symbol(listing: Listing) -> str:
    """``NIFTY`` of its futures and options."""
    return (listing.underlying or "").partition(":")[2]


def _symbol(listing: Listing) -> str:
    if listing.expiry is None:
        return listing.symbol
    year, month = listing.expiry.year % 100, f"{listing.expiry:%b}".upper()
    last_of_month = (listing.expiry + _WEEK).month != listing.expiry.month
    if last_of_month or listing.strike is None:
        expiry = f"{year:02}{month}"
    else:
        expiry = f"{year:02}{_WEEKLY_MONTHS[listing.expiry.month - 1]}{listing.expiry.day:02}"
    right = "FUT" if listing.strike is None else f"{listing.strike:g}{listing.option_type}"
    return f"{underlying_symbol(listing)}{expiry}{right}"
