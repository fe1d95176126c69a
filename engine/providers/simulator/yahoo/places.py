"""What Yahoo calls the exchanges, and what it tells of them."""

from typing import Final, NamedTuple

from engine.providers.simulator.instruments import Listing

TIMEZONE: Final = "Asia/Kolkata"
"""Of every simulated exchange: their days are Indian days, wherever the real ones are."""


class Place(NamedTuple):
    """An exchange as Yahoo knows it."""

    code: str
    currency: str


_PLACES: Final = {
    "NSE": Place("NSI", "INR"),
    "BSE": Place("BSE", "INR"),
    "NASDAQ": Place("NMS", "USD"),
    "NYSE": Place("NYQ", "USD"),
    "COMEX": Place("CMX", "USD"),
    "NYMEX": Place("NYM", "USD"),
    "CME": Place("CME", "USD"),
}


def place_of(listing: Listing) -> Place:
    return _PLACES[listing.exchange]
